import { type Finding, refused } from "./finding.ts";

/** Kinds of VMDK that are one self-contained file (Nova FET-11). */
const allowedTypes = ["monolithicSparse", "streamOptimized"];

/**
 * Why a VMDK with this descriptor must not be used, or undefined when it may (Nova FET-19): one sparse extent in the file
 * itself, no parent, and no line that is anything but what such a descriptor holds.
 */
export function refuseDescriptor(text: string): Finding | undefined {
  const settings = new Map<string, string>();
  const extents: string[] = [];
  for (const line of text.split(/\r?\n/).map((piece) => piece.trim())) {
    if (line === "" || line.startsWith("#") || line.toLowerCase().startsWith("ddb.")) continue;
    if (/^(RW|RDONLY|NOACCESS)\s/i.test(line)) {
      extents.push(line);
      continue;
    }
    const setting = /^([A-Za-z][\w.]*)\s*=\s*(.*)$/.exec(line);
    if (setting === null) {
      return refused(
        "vmdk",
        "image-vmdk-descriptor",
        `The VMDK descriptor has an unexpected line: ${JSON.stringify(line.slice(0, 80))}`,
        "Convert it where it was made: qemu-img convert -O vmdk -o subformat=streamOptimized IN OUT.",
      );
    }
    settings.set((setting[1] ?? "").toLowerCase(), (setting[2] ?? "").replace(/^"(.*)"$/, "$1"));
  }
  const type = settings.get("createtype");
  if (type === undefined || !allowedTypes.includes(type)) {
    return refused(
      "vmdk",
      "image-vmdk-type",
      `The VMDK is ${type === undefined ? "of no stated type" : `of type ${JSON.stringify(type)}`}; only ${allowedTypes.join(" and ")} are self-contained`,
      "Convert it: qemu-img convert -O vmdk -o subformat=streamOptimized IN OUT.",
    );
  }
  if (settings.has("parentfilenamehint") || (settings.get("parentcid") ?? "ffffffff").toLowerCase() !== "ffffffff") {
    return refused("vmdk", "image-has-backing-file", "The VMDK has a parent disk", "Flatten it where it was made.");
  }
  return extents.map(refuseExtent).find((refusal) => refusal !== undefined);
}

/** An extent names a file that qemu opens: it must be a sparse one beside the descriptor, never a path or a device. */
function refuseExtent(line: string): Finding | undefined {
  // Converters to streamOptimized write RDONLY; such an image is read either way.
  const extent = /^(?:RW|RDONLY)\s+\d+\s+SPARSE\s+"([^"]*)"$/i.exec(line);
  const name = extent?.[1];
  if (name !== undefined && !name.includes("/") && name !== "") return undefined;
  return refused(
    "vmdk",
    "image-vmdk-extent",
    `The VMDK takes its data from another file: ${JSON.stringify(line.slice(0, 120))}`,
    "Its author could read files of the host. Convert it where it was made: qemu-img convert -O vmdk -o subformat=streamOptimized IN OUT.",
  );
}
