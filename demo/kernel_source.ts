/** A kernel's source as the build hands it to the page. */
export interface KernelSource {
  /** Of its folder and file below src/kernels: 'add/add'. */
  readonly name: string;
  /** Its head comment, without the slashes. */
  readonly what: string;
  /** What follows the head comment. */
  readonly source: string;
}
