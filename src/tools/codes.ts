/** The stable codes of problems with programs on the host, and what each means. */
export const codes: Readonly<Record<string, string>> = {
  "ceph-missing": "The Python bindings of Ceph are not installed.",
  "image-inspection-aborted": "Looking at an image took too much time or memory and was stopped.",
  "libvirt-refused": "libvirt refused a request. The summary has its words, the detail what helps.",
  "lvm-missing": "LVM is not installed on the host.",
  "mkfs-missing": "The program that makes a filesystem is not installed on the host.",
  "volume-in-use": "A logical volume is in use.",
  "xml-malformed": "An XML document of libvirt cannot be read.",
};
