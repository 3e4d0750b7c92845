import type { RunRecord } from './configuration.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a session has what is read of it: where it ran. */
function isSession(session: unknown): boolean {
  if (!isObject(session)) return false;
  const { adapter, versions, learningRate = 0, images = { sha256: '', count: 0 } } = session;
  if (!isObject(adapter) || !isObject(versions) || !isObject(images)) return false;
  if ([learningRate, images['count']].some((value) => typeof value !== 'number')) return false;
  return [images['sha256'], adapter['name'], adapter['driver'], ...Object.values(versions)].every(
    (text) => typeof text === 'string',
  );
}

/**
 * Reads configuration.json as far as a run is carried on by it: its options, which `applyValues` checks one by one, and its sessions.
 * @throws ArgumentError naming the file when it is not that of a run
 */
export function parseRunRecord(text: string, file: string): RunRecord {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw new ArgumentError(`${file}: no JSON`, { cause: error });
  }
  if (!isObject(record) || !isObject(record['options']))
    throw new ArgumentError(`${file} has no options: it was written by another version`);
  const { sessions } = record;
  if (!Array.isArray(sessions) || !sessions.every(isSession))
    throw new ArgumentError(
      `${file} does not say where the run has been running: it was written by another version`,
    );
  return record as unknown as RunRecord;
}
