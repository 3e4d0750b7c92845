/** A number with what it counts: 1 class, 2 classes. `plural` defaults to the singular with an s. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
