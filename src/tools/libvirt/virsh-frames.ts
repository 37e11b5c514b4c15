/**
 * How the two outputs of one virsh process are cut into replies. An exchange is two lines: the commands, behind an `echo`
 * of the opening mark, and then the closing mark on both outputs. Marks are written in two quoted pieces, so the echo of
 * our own input (which a virsh built with readline prints) never contains one, and hold a number nobody else can know.
 */
export interface Frames {
  /** The two lines that ask for exchange `number`; `commands` come from virshLine. */
  request(number: number, commands: readonly string[]): string;
  /** The same on one line, for an argument of virsh. */
  argument(number: number, commands: readonly string[]): string;
  /** Feeds standard output; gives the output of each exchange that it completes, in order. */
  output(text: string): string[];
  /** Feeds standard error; gives the error text of each exchange that it completes, in order. */
  errors(text: string): string[];
  /** Error text that belongs to no completed exchange: what virsh said before it ended. */
  readonly pendingErrors: string;
}

/** Pure apart from what it has been fed. `nonce`: letters and digits, different in every conversation. */
export function createFrames(nonce: string): Frames {
  const closingLine = (number: number) => `echo --err "${nonce}""-${number}.";echo "${nonce}""-${number}."`;
  const output = createCutter((number) => `${nonce}-${number}.`);
  const errors = createCutter((number) => `error: ${nonce}-${number}.\n`);
  const openingLine = (number: number, commands: readonly string[]) => `echo "${nonce}""+${number}.";${commands.join(";")}`;
  return {
    request: (number, commands) => `${openingLine(number, commands)}\n${closingLine(number)}\n`,
    argument: (number, commands) => `${openingLine(number, commands)};${closingLine(number)}`,
    output: (text) => output.push(text).map(({ number, section }) => between(section, `${nonce}+${number}.`, closingLine(number))),
    errors: (text) => errors.push(text).map(({ section }) => section),
    get pendingErrors() {
      return errors.rest();
    },
  };
}

/** Cuts a stream at marks that come in numbered order. */
function createCutter(mark: (number: number) => string) {
  // Whole pieces are kept apart and joined once, when their mark has come: searching what has piled up again and again
  // would cost the square of its length.
  let parts: string[] = [];
  let tail = "";
  let number = 0;
  return {
    rest: () => parts.join("") + tail,
    push(text: string): { number: number; section: string }[] {
      const found: { number: number; section: string }[] = [];
      tail += text;
      for (;;) {
        const wanted = mark(number);
        const at = tail.indexOf(wanted);
        if (at < 0) {
          const kept = Math.min(tail.length, wanted.length);
          parts.push(tail.slice(0, tail.length - kept));
          tail = tail.slice(tail.length - kept);
          return found;
        }
        found.push({ number, section: parts.join("") + tail.slice(0, at) });
        parts = [];
        tail = tail.slice(at + wanted.length);
        number += 1;
      }
    },
  };
}

/** What the commands printed: after the opening mark (none: virsh did not understand the line), before the next prompt. */
function between(section: string, opening: string, closingLine: string): string {
  const start = section.indexOf(opening);
  if (start < 0) return "";
  const body = section.slice(start + opening.length);
  for (const prompt of ["virsh # ", "virsh > "]) {
    if (body.endsWith(`${prompt}${closingLine}\n`)) return body.slice(0, -(prompt.length + closingLine.length + 1));
    if (body.endsWith(prompt)) return body.slice(0, -prompt.length);
  }
  return body;
}
