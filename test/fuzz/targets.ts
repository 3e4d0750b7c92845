import type { Target } from './target.ts';
import { folderTargets } from './targets/folders.ts';
import { listTargets } from './targets/lists.ts';
import { pictureTargets } from './targets/pictures.ts';
import { runTargets } from './targets/runs.ts';
import { weightTargets } from './targets/weights.ts';

/** Every parser that may be given a stranger's file. */
export const TARGETS: readonly Target[] = [
  ...weightTargets,
  ...pictureTargets,
  ...listTargets,
  ...runTargets,
  ...folderTargets,
];
