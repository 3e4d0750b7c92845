import type { Findings, SplitReport } from './check.ts';
import { counted } from '../../src/report/counted.ts';

/** A report in words: one line of what is there, then one paragraph for each thing that people should know. */
export function describeReport(report: SplitReport): string {
  const { split, images, classes, imagesPerClass, annotated, formats } = report;
  const { least, most } = imagesPerClass;
  const kinds = Object.entries(formats).map(([format, count]) => `${count} ${format}`);
  const notes = Object.entries(annotated).flatMap(([what, count]) =>
    count > 0 ? [`${count} with ${what}`] : [],
  );
  const lines = [
    `${split}: ${counted(images, 'image')} of ${counted(classes, 'class', 'classes')}, ${least === most ? most : `${least} to ${most}`} a class` +
      ` (${[...kinds, ...notes].join(', ')})`,
  ];
  if (classes === 1)
    lines.push(
      '  one class only: nothing to tell apart (a folder for each class is wanted, or lists with several)',
    );
  add(lines, 'files are missing', report.missing);
  add(lines, 'pictures cannot be read', report.broken);
  add(lines, 'pictures have another size than image_sizes.txt says', report.otherSize);
  add(lines, 'boxes leave their picture', report.boxesOutside);
  add(lines, 'pictures are not what their names say (they are read all the same)', report.misnamed);
  return lines.join('\n');
}

function add(lines: string[], what: string, { count, examples }: Findings): void {
  if (count === 0) return;
  lines.push(`  ${count} ${what}:`, ...examples.map((example) => `    ${example}`));
  if (count > examples.length) lines.push(`    and ${count - examples.length} more`);
}
