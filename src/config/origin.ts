import { readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

/** A configuration of git is a few KiB. */
const limit = 1024 * 1024;

/**
 * Where a configuration comes from, equal for all checkouts of one repository: `github.com/acme/site//web` for the directory `web` of a git
 * repository with a remote `origin`, else `HOST:/directory`. Files that cannot be read count as missing.
 */
export async function originOf(directory: string): Promise<string> {
  for (let at = directory; ; at = dirname(at)) {
    const remote = await remoteOf(join(at, ".git"));
    if (remote !== undefined) {
      const below = relative(at, directory);
      return below === "" ? remote : `${remote}//${below}`;
    }
    if (dirname(at) === at) return `${hostname()}:${directory}`;
  }
}

/** The address of the remote `origin`, without user, scheme and the ending of a repository. */
async function remoteOf(git: string): Promise<string | undefined> {
  // In a worktree it is a file that names the directory.
  const elsewhere = /^gitdir: (.*)$/m.exec((await textOf(git)) ?? "")?.[1];
  const own = elsewhere === undefined ? git : resolve(dirname(git), elsewhere);
  const common = (await textOf(join(own, "commondir")))?.trim();
  const config = await textOf(join(common === undefined ? own : resolve(own, common), "config"));
  const section = /^\[remote "origin"\]\n((?:(?!\[).*\n?)*)/m.exec(config ?? "")?.[1];
  const url = /^\s*url\s*=\s*(\S.*?)\s*$/m.exec(section ?? "")?.[1];
  return url
    ?.replace(/^[a-z+]+:\/\//i, "")
    .replace(/^[^/@]*@/, "")
    .replace(/^([^/:]+):(?!\d+\/)/, "$1/")
    .replace(/\/*(\.git)?\/*$/, "");
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size <= limit ? await readFile(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
