import type { GuestFile } from "../../terms/guest-file.ts";

/**
 * cloud-config that gives files their permissions and owners, null where none has any. A config drive has no place for them: cloud-init
 * first writes the files of the drive, then appends nothing to them here, and that sets both. Owners other than root are set at the end
 * of the boot, when packages have created their users.
 */
export function fileVendorData(files: readonly GuestFile[]): string | null {
  const set = files.filter(({ mode, owner }) => mode !== null || owner !== null);
  if (set.length === 0) return null;
  const write_files = set.map(({ path, mode, owner }) => ({
    path,
    content: "",
    append: true,
    permissions: mode ?? cloudInitMode,
    owner: owner === null || owner.includes(":") ? (owner ?? "root:root") : `${owner}:${owner}`,
    ...(owner !== null && !/^root(:root)?$/.test(owner) && { defer: true }),
  }));
  return `#cloud-config\n${JSON.stringify({ write_files })}\n`;
}

/** What cloud-init gives the files of a config drive. */
const cloudInitMode = "0660";
