/** A test file as far as batches are concerned. */
export interface Batchable {
  readonly name: string;
  /** Whether it may share a process with other files. */
  readonly sociable: boolean;
  /** How long it is expected to take. */
  readonly seconds: number;
}

/** Files that take longer gain nothing: a heap that others have filled makes them slower. */
const longest = 8;
/** A batch ends with these seconds, or with so many files. */
const fullSeconds = 30;
const fullFiles = 20;

/** Files that share a process, in their order; those of batches of one run as before. */
export function batches<T extends Batchable>(files: readonly T[]): T[][] {
  const made: T[][] = [];
  let open: T[] = [];
  for (const file of files) {
    if (!file.sociable || file.seconds > longest) {
      made.push([file]);
      continue;
    }
    const seconds = open.reduce((sum, one) => sum + one.seconds, file.seconds);
    if (open.length === fullFiles || seconds > fullSeconds) open = [];
    if (open.length === 0) made.push(open);
    open.push(file);
  }
  return made;
}
