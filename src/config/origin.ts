import { readFileSync, statSync } from "node:fs";
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
    const remote = remoteOf(join(at, ".git"));
    if (remote !== undefined) {
      const below = relative(at, directory);
      return below === "" ? remote : `${remote}//${below}`;
    }
    if (dirname(at) === at) return `${hostname()}:${directory}`;
  }
}

/** The commit that is checked out in the git repository of a directory; undefined without one, and before its first commit. */
export async function readHead(directory: string): Promise<string | undefined> {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const { own, common } = gitDirectories(join(at, ".git"));
    const head = textOf(join(own, "HEAD"))?.trim();
    if (head !== undefined) {
      const ref = /^ref: (refs\/\S+)$/.exec(head)?.[1];
      return ref === undefined ? commitIn(head) : (commitIn(textOf(join(common, ref))) ?? packedCommit(common, ref));
    }
    if (dirname(at) === at) return undefined;
  }
}

function commitIn(text: string | undefined): string | undefined {
  return /^[0-9a-f]{40,64}$/.exec(text?.trim() ?? "")?.[0];
}

function packedCommit(common: string, ref: string): string | undefined {
  const lines = textOf(join(common, "packed-refs"))?.split("\n") ?? [];
  return commitIn(lines.find((line) => line.endsWith(` ${ref}`))?.split(" ")[0]);
}

/** The directory of a checkout's own files of git, and the one that all worktrees of the repository share. */
function gitDirectories(git: string): { readonly own: string; readonly common: string } {
  // In a worktree it is a file that names the directory.
  const elsewhere = /^gitdir: (.*)$/m.exec(textOf(git) ?? "")?.[1];
  const own = elsewhere === undefined ? git : resolve(dirname(git), elsewhere);
  const common = textOf(join(own, "commondir"))?.trim();
  return { own, common: common === undefined ? own : resolve(own, common) };
}

/** The address of the remote `origin`, without user, scheme and the ending of a repository. */
function remoteOf(git: string): string | undefined {
  const config = textOf(join(gitDirectories(git).common, "config"));
  const section = /^\[remote "origin"\]\n((?:(?!\[).*\n?)*)/m.exec(config ?? "")?.[1];
  const url = /^\s*url\s*=\s*(\S.*?)\s*$/m.exec(section ?? "")?.[1];
  return url
    ?.replace(/^[a-z+]+:\/\//i, "")
    .replace(/^[^/@]*@/, "")
    .replace(/^([^/:]+):(?!\d+\/)/, "$1/")
    .replace(/\/*(\.git)?\/*$/, "");
}

function textOf(path: string): string | undefined {
  try {
    const found = statSync(path);
    return found.isFile() && found.size <= limit ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}
