const mebibyte = 2 ** 20;
/** A program that is this far ahead of its reader is stopped; one that is less than `enough` ahead continues. */
const most = 256 * mebibyte;
const enough = 64 * mebibyte;

/** What is known of a file that a program writes, and of what has been read of it. Sizes are bytes. */
export interface Written {
  readonly size: number;
  /** On the disk. File systems also count what they hold ready behind the end. */
  readonly allocated: number;
  readonly read: number;
  /** Bytes that have been read and are not zeros. */
  readonly data: number;
}

/**
 * Decides when a program that writes a file has to wait for the one that reads it and enforces limits: otherwise it fills the disk before it is refused.
 * Holes that are not read yet take no space, so they do not count. `maxData`: limit of bytes that are not zeros; near it, less is tolerated.
 */
export function createPace(maxData = Number.POSITIVE_INFINITY): {
  /** The signal that the program has to get now, if any. */
  after(written: Written): "SIGSTOP" | "SIGCONT" | undefined;
} {
  let isStopped = false;
  return {
    after({ size, allocated, read, data }) {
      // Each of the two counts too much at times: holes, and space that is held ready.
      const ahead = Math.min(size - read, allocated - data);
      const tolerated = Math.max(enough, Math.min(most, maxData - data));
      if (isStopped ? ahead >= enough : ahead <= tolerated) return undefined;
      isStopped = !isStopped;
      return isStopped ? "SIGSTOP" : "SIGCONT";
    },
  };
}
