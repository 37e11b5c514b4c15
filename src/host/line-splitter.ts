/** Splits chunks of text into lines, also at carriage returns, as used for progress. Empty lines are omitted. */
export interface LineSplitter {
  push(text: string): void;
  /** Emits the unfinished last line. */
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
