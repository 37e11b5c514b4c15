import { lstatSync, renameSync } from "node:fs";
import { rotatedName } from "../../model/layout.ts";
import { explainedLater } from "../file-error.ts";
import { type NamesChanged, syncNames } from "./durable.ts";

/** Renames a log to its name for earlier starts, and each older one to the next number up to `keep`. No-op when the log is absent or empty. */
export async function rotate(path: string, keep: number, names: NamesChanged = syncNames): Promise<void> {
  await explainedLater("rotate", path, async () => {
    if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
    for (let number = keep; number > 0; number -= 1) {
      const older = number === 1 ? path : rotatedName(path, number - 1);
      if (lstatSync(older, { throwIfNoEntry: false }) !== undefined) renameSync(older, rotatedName(path, number));
    }
    await names(path);
  });
}
