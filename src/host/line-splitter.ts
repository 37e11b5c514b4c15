/** Cuts text that comes in pieces into lines. A carriage return ends one too: that is how progress is written. Empty lines are left out. */
export interface LineSplitter {
  push(text: string): void;
  /** Gives out what had no end. */
  end(): void;
}

/** Calls `onLine` with every line, without its end. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let rest = "";
  const give = (line: string) => {
    if (line !== "") onLine(line);
  };
  return {
    push(text) {
      const pieces = (rest + text).split(/[\r\n]+/);
      rest = pieces.pop() ?? "";
      pieces.forEach(give);
    },
    end() {
      give(rest);
      rest = "";
    },
  };
}
