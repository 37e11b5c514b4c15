import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { entry, mustRun, run } from "./virtform.ts";

/** A shell in a real terminal (tmux), in a directory. */
export interface Terminal {
  /** Types text and presses Enter. */
  readonly enter: (text: string) => Promise<void>;
  /** Presses keys by tmux's names, one after the other: `Enter`, `Down`, `C-c`, `y`. */
  readonly press: (...keys: readonly string[]) => Promise<void>;
  /** What is on the screen. */
  readonly screen: () => Promise<string>;
  /** The screen with all that has scrolled away above it. */
  readonly scrollback: () => Promise<string>;
  /** Waits until the screen matches, and gives it. */
  readonly until: (pattern: RegExp) => Promise<string>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Closes the window: the terminal is gone for whatever runs in it. */
  readonly close: () => Promise<void>;
}

const timeoutMs = 60_000;

/** Opens a terminal for the duration of a test. In its shell `virtform` is the one of this checkout. */
export async function openTerminal(
  t: TestContext,
  cwd: string,
  size: { readonly columns: number; readonly rows: number },
): Promise<Terminal> {
  const server = `virtform-${randomBytes(4).toString("hex")}`;
  const env = { CI: undefined, NO_COLOR: undefined, LC_ALL: "C.UTF-8", TMUX: undefined, TERM: "xterm-256color" };
  const tmux = (...args: readonly string[]) => mustRun("tmux", ["-L", server, "-u", "-f", "/dev/null", ...args], { cwd, env });
  const shell = "PS1='$ ' exec bash --norc --noprofile -i";
  await tmux("new-session", "-d", "-s", "main", "-x", String(size.columns), "-y", String(size.rows), shell);
  t.after(() => run("tmux", ["-L", server, "kill-server"], { env }));
  const screen = () => tmux("capture-pane", "-p", "-t", "main");
  const terminal: Terminal = {
    async enter(text) {
      await tmux("send-keys", "-t", "main", "-l", text);
      await tmux("send-keys", "-t", "main", "Enter");
    },
    async press(...keys) {
      for (const key of keys) await tmux("send-keys", "-t", "main", key);
    },
    screen,
    scrollback: () => tmux("capture-pane", "-p", "-S", "-", "-t", "main"),
    async until(pattern) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const shown = await screen();
        if (pattern.test(shown)) return shown;
        assert.ok(Date.now() < deadline, `the terminal never showed ${pattern}; it shows:\n${shown}`);
        await pause(50);
      }
    },
    async close() {
      await tmux("kill-server");
    },
    async resize(columns, rows) {
      await tmux("resize-window", "-t", "main", "-x", String(columns), "-y", String(rows));
    },
  };
  await terminal.enter(`virtform() { ${process.execPath} ${entry} "$@"; echo "exit $?"; }; clear`);
  await terminal.until(/^\$ *\n/);
  return terminal;
}
