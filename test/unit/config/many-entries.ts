/** Loads a configuration of as many instances as the argument says; prints its peak memory in MiB and the number of diagnostics. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load.ts";
import { configRules } from "../../../src/kinds/rules.ts";

const directory = mkdtempSync(join(tmpdir(), "virtform-entries-"));
try {
  const instance = (_: unknown, index: number) =>
    [
      `  web-x${index}:`,
      "    image: debian",
      "    flavor: small",
      "    power_state: stopped",
      `    user_data: |\n      #cloud-config\n      hostname: web${index}`,
      `    metadata: { role: web, number: "${index}" }`,
      "    networks: [{ network: default }]\n",
    ].join("\n");
  const head =
    "project: shop\nimages: { debian: { source: /debian.raw, disk_format: raw } }\nflavors: { small: { vcpus: 1, ram: 1GiB, disk: 1GiB } }\n";
  writeFileSync(
    join(directory, "virtform.yaml"),
    `${head}instances:\n${Array.from({ length: Number(process.argv[2]) }, instance).join("")}`,
  );
  const { diagnostics } = await loadConfig([directory], configRules());
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ peak, diagnostics: diagnostics.length }));
} finally {
  rmSync(directory, { recursive: true });
}
