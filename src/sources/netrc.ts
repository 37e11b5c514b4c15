/** The text of a macro of ftp: up to a line without text. */
const macros = /^[ \t]*macdef[ \t][\s\S]*?(?:\r?\n[ \t]*(?=\r?\n)|$(?![\s\S]))/gm;

/** User and password for a host in the text of a netrc file; undefined when it names neither the host nor a default. */
export function netrcLogin(text: string, host: string): { readonly user: string; readonly password: string } | undefined {
  const words = [
    ...text
      .replaceAll(macros, "")
      .replaceAll(/^\s*#.*$/gm, "")
      .matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g),
  ].map(([, quoted, plain]) => (quoted === undefined ? (plain ?? "") : quoted.replaceAll(/\\(.)/g, "$1")));
  let fallback: { user: string; password: string } | undefined;
  for (let at = 0; at < words.length; ) {
    const isDefault = words[at] === "default";
    if (words[at] !== "machine" && !isDefault) {
      at += 1;
      continue;
    }
    const name = isDefault ? undefined : words[at + 1];
    at += isDefault ? 1 : 2;
    const login = { user: "", password: "" };
    for (; at < words.length && !["machine", "default", "macdef"].includes(words[at] ?? ""); at += 2) {
      if (words[at] === "login") login.user = words[at + 1] ?? "";
      else if (words[at] === "password") login.password = words[at + 1] ?? "";
    }
    if (name?.toLowerCase() === host.toLowerCase()) return login;
    if (isDefault) fallback ??= login;
  }
  return fallback;
}
