import { render } from "ink";
import type { ReporterOptions } from "../options.ts";
import type { Line } from "../style.ts";
import type { Key } from "./keys.ts";
import type { Size } from "./plan-view.ts";
import { Screen } from "./Screen.tsx";

/** A view on the terminal until it is unmounted; it leaves nothing behind. */
export interface Mounted {
  /** Shows new lines. */
  show(lines: readonly Line[]): void;
  /** Takes the view off the terminal at once; resolves when that is written. */
  unmount(): Promise<void>;
}

/** Puts a view on the terminal. Keys and changes of its size are handed over; Ctrl-C is a key like any other here. */
export function mount(
  options: Pick<ReporterOptions, "stdout" | "stdin">,
  first: readonly Line[],
  on: { readonly key: (key: Key) => void; readonly resize: (size: Size) => void },
): Mounted {
  const stdout = options.stdout as NodeJS.WriteStream;
  const stdin = (options.stdin ?? process.stdin) as NodeJS.ReadStream;
  // A terminal that has gone fails to be read and to change its mode, also after the view is over. Its output fails too, which ends the command.
  stdin.off("error", ignore).on("error", ignore);
  const instance = render(<Screen lines={first} onKey={on.key} />, {
    stdout,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
  });
  const onResize = () => on.resize(sizeOf(options));
  // Before ink's own: it would draw the old lines once more, and those may be too many for the new size.
  stdout.prependListener("resize", onResize);
  return {
    show: (lines) => instance.rerender(<Screen lines={lines} onKey={on.key} />),
    async unmount() {
      stdout.off("resize", onResize);
      instance.clear();
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}

function ignore(): void {}

/** The size of the terminal, or the usual one where it is not known. */
export function sizeOf({ stdout }: Pick<ReporterOptions, "stdout">): Size {
  return { rows: stdout.rows || 24, columns: stdout.columns || 80 };
}
