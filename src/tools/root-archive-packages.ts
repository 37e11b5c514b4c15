/** The programs that make a root file system from a tar archive (`tarToExt4`), and the package of each. Those of every Linux system are left out. */
export const rootArchivePackages: Readonly<Record<string, string>> = {
  "mkfs.ext4": "e2fsprogs",
  e2fsck: "e2fsprogs",
  resize2fs: "e2fsprogs",
  tar: "tar",
};
