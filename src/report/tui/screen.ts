import { StringDecoder } from "node:string_decoder";
import type { ReporterOptions } from "../options.ts";
import { type Line, paint } from "../style.ts";
import { fitLine, widthOf } from "./fit-line.ts";
import { type Key, keyParser } from "./keys.ts";
import type { Size } from "./plan-view.ts";

/** A view on the terminal until it is unmounted; it leaves nothing behind. */
export interface Mounted {
  /** Shows new lines. */
  show(lines: readonly Line[]): void;
  /** Takes the view off the terminal at once; resolves when that is written. */
  unmount(): Promise<void>;
}

/** How long the rest of a key's sequence may take; after that an escape character is the escape key. */
const sequenceMs = 50;
/** A terminal that has not taken this much yet gets no further frame. */
const mostWaitingBytes = 64 * 1024;

const codes = { hideCursor: "\u001b[?25l", showCursor: "\u001b[?25h", clearLine: "\u001b[2K", clearBelow: "\u001b[J" } as const;

/**
 * Puts a view on the terminal. Keys and changes of its size are handed over; Ctrl-C is a key like any other here. Each line takes one
 * row, and only lines that differ from those shown are written.
 */
export function mount(
  options: Pick<ReporterOptions, "stdout" | "stdin" | "color">,
  first: readonly Line[],
  on: { readonly key: (key: Key) => void; readonly resize: (size: Size) => void },
): Mounted {
  const stdout = options.stdout as NodeJS.WriteStream;
  let shown: { readonly text: string; readonly width: number }[] = [];

  const show = (lines: readonly Line[]) => {
    if (stdout.writableLength > mostWaitingBytes) return;
    const { columns } = sizeOf(options);
    const next = lines.map((line) => {
      const fitted = fitLine(line, columns);
      return { text: paint([fitted], options.color), width: widthOf(fitted) };
    });
    const changed = next.map(({ text }, row) => (text === shown[row]?.text ? "\n" : `${codes.clearLine}${text}`));
    if (next.length === shown.length && changed.every((text) => text === "\n")) return;
    stdout.write(`${upBy(shown.length)}${changed.join("")}${next.length < shown.length ? codes.clearBelow : ""}`);
    shown = next;
  };
  /** A terminal that has become narrower shows the lines in more rows than before. */
  const erasing = () => {
    const { columns } = sizeOf(options);
    const rows = shown.reduce((sum, { width }) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    shown = [];
    return `${upBy(rows)}${codes.clearBelow}`;
  };
  const onResize = () => {
    stdout.write(erasing());
    on.resize(sizeOf(options));
  };
  const release = readKeys((options.stdin ?? process.stdin) as NodeJS.ReadStream, on.key);
  const restore = () => {
    release();
    stdout.write(codes.showCursor);
  };
  stdout.write(codes.hideCursor);
  stdout.on("resize", onResize);
  process.once("exit", restore);
  show(first);
  return {
    show,
    unmount() {
      stdout.off("resize", onResize);
      process.off("exit", restore);
      release();
      return new Promise((resolve) => {
        stdout.write(`${erasing()}${codes.showCursor}`, () => resolve());
      });
    },
  };
}

/** The size of the terminal, or the usual one where it is not known. */
export function sizeOf({ stdout }: Pick<ReporterOptions, "stdout">): Size {
  return { rows: stdout.rows || 24, columns: stdout.columns || 80 };
}

function upBy(rows: number): string {
  return rows === 0 ? "" : `\u001b[${rows}A\r`;
}

/** Reads keys until the result is called, which gives the terminal its usual mode back. */
function readKeys(stdin: NodeJS.ReadStream, onKey: (key: Key) => void): () => void {
  const decoder = new StringDecoder("utf8");
  const parser = keyParser();
  let timer: NodeJS.Timeout | undefined;
  let released = false;
  const press = (keys: readonly Key[]) => {
    for (const key of keys) if (!released) onKey(key);
  };
  const onData = (data: Buffer | string) => {
    clearTimeout(timer);
    press(parser.parse(typeof data === "string" ? data : decoder.write(data)));
    if (parser.pending) timer = setTimeout(() => press(parser.flush()), sequenceMs);
  };
  // A terminal that has gone fails to be read and to change its mode, also after the view is over. Its output fails too, which ends the command.
  stdin.off("error", ignore).on("error", ignore);
  stdin.setRawMode?.(true);
  stdin.on("data", onData);
  stdin.resume();
  return () => {
    if (released) return;
    released = true;
    clearTimeout(timer);
    stdin.off("data", onData);
    stdin.pause();
    stdin.setRawMode?.(false);
  };
}

function ignore(): void {}
