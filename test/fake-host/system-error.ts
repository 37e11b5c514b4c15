const words: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EISDIR: "illegal operation on a directory",
  EEXIST: "file already exists",
  ENOSPC: "no space left on device",
  ELOOP: "too many symbolic links encountered",
  ENOTEMPTY: "directory not empty",
  EPERM: "operation not permitted",
};

/** An error as Node makes it from a refused system call: `ENOENT: no such file or directory, open '/x'`. */
export function systemError(code: string, call: string, path: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${words[code] ?? code}, ${call} '${path}'`), { code, syscall: call, path });
}
