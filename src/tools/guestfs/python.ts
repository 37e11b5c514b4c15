/** The system's Python: the bindings of libguestfs are built for that one, whatever comes first in PATH. */
export function guestfsPython(environment = process.env): string {
  return environment["VIRTFORM_PYTHON"] || "/usr/bin/python3";
}

/** What has to be installed, in words and on Debian and Ubuntu. */
export const guestfsPackage = "python3-guestfs";
