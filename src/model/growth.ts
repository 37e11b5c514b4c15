/** How much of a file is final while it is being written. Bytes are counted from its start. */
export interface Growth {
  /** It is written past the page cache, and better read past it as well. */
  readonly isPastCache: boolean;
  /** Waits until more than `bytes` are final, or all of the file is. Undefined when writing has failed. */
  beyond(bytes: number): Promise<{ readonly bytes: number; readonly isWhole: boolean } | undefined>;
}

/** A file that is being written. */
export interface Growing {
  readonly growth: Growth;
  /** Settles when the writer has ended, and rejects when that failed. */
  readonly written: Promise<void>;
}

/** Starts to write a file. `write` calls back with the number of bytes that are final. */
export function startGrowing(write: (onFinal: (bytes: number) => void) => Promise<void>, { isPastCache = false } = {}): Growing {
  let bytes = 0;
  let end: "whole" | "failed" | undefined;
  let change = Promise.withResolvers<void>();
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const written = write((final) => {
    bytes = Math.max(bytes, final);
    tell();
  });
  const ended = (how: "whole" | "failed") => {
    end = how;
    tell();
  };
  written.then(
    () => ended("whole"),
    () => ended("failed"),
  );
  const growth: Growth = {
    isPastCache,
    async beyond(known) {
      while (end === undefined && bytes <= known) await change.promise;
      return end === "failed" ? undefined : { bytes, isWhole: end === "whole" };
    },
  };
  return { growth, written };
}
