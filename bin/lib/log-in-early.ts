import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isConfigurationFile } from "../../src/config/has-configuration.ts";
import { persistSeconds } from "../../src/host/ssh/persist-seconds.ts";
import { targetInText } from "../../src/host/ssh/target-in-text.ts";
import { earlyPaths } from "./early-paths.ts";

const mostFiles = 20;
const mostBytes = 2 ** 20;

/**
 * Logs in to the host of a configuration while the program is loaded and reads it, where the command line and the file make plain which one
 * that is. The login is used only if the program then comes to the same host.
 */
export async function logInEarly(argv: readonly string[]): Promise<void> {
  const paths = earlyPaths(argv);
  if (paths === undefined) return;
  try {
    const target = targetInText(textOf(paths));
    if (target === undefined) return;
    // Loaded only then: it loads the part of Node that starts programs.
    const { startEarlySsh } = await import("../../src/host/ssh/early-ssh.ts");
    startEarlySsh(target, persistSeconds(process.env));
  } catch {
    // The program says what is wrong.
  }
}

/** The text of the files of a configuration: those that are named, or of a directory. Without those that are not there, or too large. */
function textOf(paths: readonly string[]): string {
  const files = (paths.length === 0 ? ["."] : paths).flatMap((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
    return readdirSync(path)
      .filter(isConfigurationFile)
      .map((name) => join(path, name));
  });
  return files
    .filter((path) => /\.ya?ml$/.test(path))
    .slice(0, mostFiles)
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isFile() === true && found.size <= mostBytes ? readFileSync(path, "utf8") : "";
    })
    .join("\n");
}
