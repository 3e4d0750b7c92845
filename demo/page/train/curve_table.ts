import type { CurvePoint } from '../../protocol.ts';

/** The curve as CSV; numbers in full, so that two runs can be compared to the bit. */
export function curveTable(points: readonly CurvePoint[]): string {
  const lines = points.map(({ step, loss, accuracy }) => `${step},${loss},${accuracy}`);
  return `${['step,loss,accuracy', ...lines].join('\n')}\n`;
}
