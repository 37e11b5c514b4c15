import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { withLock } from "../../../src/host/local/lock.ts";

/*
 * A process that contends for a lock. `hold`: takes it, says so, and keeps it. `count`: takes it several times and each time
 * adds one to a counter in a way that loses counts as soon as two are inside at once.
 */
const [mode = "", path = "", counter = "", rounds = "0"] = process.argv.slice(2);

if (mode === "hold") {
  await withLock({ path, purpose: "apply of project test", timeoutMs: 20_000 }, () => {
    process.stdout.write("held\n");
    return new Promise(() => setInterval(() => undefined, 1000));
  });
}

if (mode === "count") {
  for (let round = 0; round < Number(rounds); round += 1) {
    await withLock({ path, purpose: `count of ${process.pid}`, timeoutMs: 60_000 }, async () => {
      refuseCompany();
      const value = Number(existsSync(counter) ? readFileSync(counter, "utf8") : "0");
      await new Promise((resolve) => setImmediate(resolve));
      // Whole or not at all, so that a kill cannot lose what was counted before.
      writeFileSync(`${counter}.${process.pid}`, String(value + 1));
      renameSync(`${counter}.${process.pid}`, counter);
      rmSync(`${counter}.inside`);
      process.stdout.write("counted\n");
    });
  }
}

/** The holder writes its name; finding the name of another live process there is the failure. */
function refuseCompany(): void {
  const marker = `${counter}.inside`;
  if (existsSync(marker)) {
    const other = readFileSync(marker, "utf8");
    const stat = existsSync(`/proc/${other}/stat`) ? readFileSync(`/proc/${other}/stat`, "utf8") : ") Z";
    if (!/\) [ZX]/.test(stat)) {
      process.stdout.write(`not alone: ${other}\n`);
      process.exit(9);
    }
  }
  writeFileSync(marker, String(process.pid));
}
