import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkout, mustRun } from "../../support/virtform.ts";

/** The unpacked directory of a Debian package, downloaded without installing it: for tools that only a test runs. It is kept in `.cache`. */
export async function debPackage(name: string): Promise<string> {
  const directory = join(checkout, ".cache/deb-packages", name);
  if (existsSync(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  const staged = await mkdtemp(`${directory}.`);
  try {
    const download = () => mustRun("env", ["-C", staged, "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", name], 300_000);
    await download().catch(async () => {
      await mustRun("apt-get", ["-qq", "update"], 300_000);
      await download();
    });
    const [file = ""] = await readdir(staged);
    await mustRun("dpkg-deb", ["-x", join(staged, file), join(staged, "package")]);
    await rename(join(staged, "package"), directory);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
  return directory;
}
