import { render, Text, useInput } from "ink";
import { createElement } from "react";
import type { ReporterOptions } from "../options.ts";
import { type Line, paint } from "../style.ts";
import { fitLine } from "./fit-line.ts";
import { type Key, toKeys } from "./keys.ts";
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
  let shown = frameOf(first, options);
  const instance = render(createElement(Screen, { frame: shown, onKey: on.key }), {
    stdout,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    // A frame that Ink holds back is written after the view was cleared, and stays. Frames come no faster than keys and the timer of the caller.
    maxFps: 1000,
  });
  const onResize = () => on.resize(sizeOf(options));
  // Before Ink's own listener, which would draw the old lines once more; those may be too many for the new size.
  stdout.prependListener("resize", onResize);
  return {
    show(lines) {
      const frame = frameOf(lines, options);
      if (frame === shown || stdout.writableLength > mostWaitingBytes) return;
      shown = frame;
      instance.rerender(createElement(Screen, { frame, onKey: on.key }));
    },
    async unmount() {
      stdout.off("resize", onResize);
      instance.clear();
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}

/** The size of the terminal, or the usual one where it is not known. */
export function sizeOf({ stdout }: Pick<ReporterOptions, "stdout">): Size {
  return { rows: stdout.rows || 24, columns: stdout.columns || 80 };
}

/**
 * A whole frame as one text. With an element for each part of a line, Ink lays out some hundred nodes for every frame, which takes
 * several times the memory of the rest of an apply.
 */
function Screen({ frame, onKey }: { readonly frame: string; readonly onKey: (key: Key) => void }) {
  useInput((input, key) => {
    for (const pressed of toKeys(input, key)) onKey(pressed);
  });
  return createElement(Text, null, frame);
}

/** Lines as the terminal gets them, each cut at its width so that it takes exactly one row. */
function frameOf(lines: readonly Line[], options: Pick<ReporterOptions, "stdout" | "color">): string {
  const { columns } = sizeOf(options);
  return paint(
    lines.map((line) => fitLine(line, columns)),
    options.color,
  ).replace(/\n$/, "");
}

function ignore(): void {}
