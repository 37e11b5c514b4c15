import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A time during which libvirtd did not answer, in milliseconds of `performance.now()`: from the last answer to the restart. */
export interface Hang {
  readonly from: number;
  readonly to: number;
}

/** What the watch does with libvirtd. */
export interface Daemon {
  /** Whether it answers within the deadline of one question. */
  answers(): Promise<boolean>;
  /** Where its threads are, as text. */
  describe(): Promise<string>;
  /** Kills it and starts another. */
  restart(): Promise<void>;
}

/** Milliseconds from an answer to the next question. */
const pause = 20_000;

/**
 * Asks libvirtd now and then whether it answers. One that left two questions in a row unanswered hangs: it is described in `print` and
 * restarted, so that it does not fail every later test as well. Returns the hangs so far, and a function that ends the watch.
 */
export function watchLibvirt(
  daemon: Daemon,
  print: (text: string) => void,
  every: number = pause,
): { readonly hangs: readonly Hang[]; stop(): Promise<void> } {
  const hangs: Hang[] = [];
  const ended = Promise.withResolvers<"ended">();
  const look = async () => {
    let answered = performance.now();
    for (;;) {
      const timer = Promise.withResolvers<"due">();
      const handle = setTimeout(() => timer.resolve("due"), every);
      if ((await Promise.race([timer.promise, ended.promise])) === "ended") return clearTimeout(handle);
      const asked = performance.now();
      if ((await daemon.answers()) || (await daemon.answers())) {
        answered = asked;
        continue;
      }
      try {
        print(`libvirtd does not answer. Its threads, before it is restarted:\n${await daemon.describe()}`);
        await daemon.restart();
        print("libvirtd was restarted.");
      } catch (error) {
        print(`libvirtd could not be restarted: ${error instanceof Error ? error.message : error}`);
      }
      const now = performance.now();
      hangs.push({ from: answered, to: now });
      answered = now;
    }
  };
  const looking = look();
  return {
    hangs,
    stop: () => {
      ended.resolve("ended");
      return looking;
    },
  };
}

const run = promisify(execFile);
const setup = fileURLToPath(new URL("../setup.sh", import.meta.url));

/** The system's libvirtd. A question takes at most a minute: libvirtd may be busy with the filters of all guests for half of one. */
export const systemLibvirt: Daemon = {
  answers: () => {
    const asked = performance.now();
    return run("virsh", ["-q", "-c", "qemu:///system", "uri"], { timeout: 60_000, killSignal: "SIGKILL" }).then(
      () => true,
      // A daemon that refuses at once is being restarted by a test: only silence is a hang.
      () => performance.now() - asked < 5000,
    );
  },
  describe: async () => {
    const { stdout } = await run("eu-stack", ["-p", String(pidOf())], { timeout: 60_000, maxBuffer: 2 ** 24 }).catch(
      (error: { stdout?: string; message: string }) => ({ stdout: `${error.stdout ?? ""}${error.message}` }),
    );
    return stdout;
  },
  restart: async () => {
    const pid = pidOf();
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    // Until it is waited for, the killed one has its name, and would pass for a running daemon.
    rmSync(pidFile, { force: true });
    await run("bash", ["-c", '. "$0"; sleep 1; start_libvirt', setup], { timeout: 120_000 });
  },
};

const pidFile = "/run/libvirtd.pid";

function pidOf(): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    // The file may be empty, or outlive its process.
    return pid > 1 && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "libvirtd" ? pid : undefined;
  } catch {
    return undefined;
  }
}
