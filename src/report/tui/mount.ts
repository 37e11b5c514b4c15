import { Writable } from "node:stream";
import { render, useInput } from "ink";
import { createElement } from "react";
import type { ReporterOptions } from "../options.ts";
import { type Line, paint } from "../style.ts";
import { fitLine } from "./fit-line.ts";
import { type Key, toKeys } from "./keys.ts";
import { createPainter } from "./painter.ts";
import type { Size } from "./plan-view.ts";

/** A view on the terminal until it is unmounted; it leaves nothing behind. */
export interface Mounted {
  /** Shows new lines. */
  show(lines: readonly Line[]): void;
  /** Takes the view off the terminal at once; resolves when that is written. */
  unmount(): Promise<void>;
}

/** A terminal that has not taken this much yet gets no further frame. */
const mostWaitingBytes = 64 * 1024;

/** Puts a view on the terminal. Keys and changes of its size are handed over; Ctrl-C is a key like any other here. */
export function mount(
  options: Pick<ReporterOptions, "stdout" | "stdin" | "color">,
  first: readonly Line[],
  on: { readonly key: (key: Key) => void; readonly resize: (size: Size) => void },
): Mounted {
  const stdout = options.stdout as NodeJS.WriteStream;
  const stdin = (options.stdin ?? process.stdin) as NodeJS.ReadStream;
  // A terminal that has gone fails to be read and to change its mode, also after the view is over. Its output fails too, which ends the command.
  stdin.off("error", ignore).on("error", ignore);
  const painter = createPainter();
  let shown: string | undefined;
  const show = (lines: readonly Line[]) => {
    const frame = frameOf(lines, options);
    if (frame === shown || stdout.writableLength > mostWaitingBytes) return;
    shown = frame;
    stdout.write(painter.next(frame));
  };
  // Of a view that is not taken off, because the process ends.
  const leave = () => stdout.write(painter.clear());
  process.once("exit", leave);
  const keys = { stdout: nowhere(), stdin, exitOnCtrlC: false, patchConsole: false, interactive: true };
  const instance = render(createElement(Keys, { onKey: on.key }), keys);
  show(first);
  const onResize = () => {
    stdout.write(painter.clear());
    shown = undefined;
    on.resize(sizeOf(options));
  };
  stdout.on("resize", onResize);
  return {
    show,
    async unmount() {
      stdout.off("resize", onResize);
      process.off("exit", leave);
      leave();
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}

/** The size of the terminal, or the usual one where it is not known. */
export function sizeOf({ stdout }: Pick<ReporterOptions, "stdout">): Size {
  return { rows: stdout.rows || 24, columns: stdout.columns || 80 };
}

/** What Ink does here: it takes the keyboard and gives it back. */
function Keys({ onKey }: { readonly onKey: (key: Key) => void }) {
  useInput((input, key) => {
    for (const pressed of toKeys(input, key)) onKey(pressed);
  });
  return null;
}

/** Lines as the terminal gets them, each cut at its width so that it takes exactly one row. */
function frameOf(lines: readonly Line[], options: Pick<ReporterOptions, "stdout" | "color">): string {
  const { columns } = sizeOf(options);
  return paint(
    lines.map((line) => fitLine(line, columns)),
    options.color,
  ).replace(/\n$/, "");
}

/** Ink draws nothing: what it would write all the same goes here. */
function nowhere(): NodeJS.WriteStream {
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  return Object.assign(sink, { columns: 80, rows: 24, isTTY: true }) as unknown as NodeJS.WriteStream;
}

function ignore(): void {}
