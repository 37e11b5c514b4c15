import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import { guestFiles } from "../../config/guest-files.ts";
import type { InstanceConfig } from "../../config.ts";
import type { Checked } from "../../disk/checked.ts";
import { fileVendorData } from "./vendor-data.ts";

/** Bytes of all files of one instance. */
const mostBytes = 16 * 2 ** 20;
const mostBytesEach = 2 ** 20;

/** Files for guests that contradict each other, are too long, or would not get their permissions. */
export function checkFiles({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([entry, instance]) => {
    if (instance.files === undefined) return [];
    const pointer = ["instances", entry, "files"];
    return [...mistakes(instance.files, pointer), ...lengthMistakes(instance.files, pointer), ...lostModes(instance, pointer)];
  });
}

type Files = NonNullable<InstanceConfig["files"]>;

function mistakes(files: Files, pointer: readonly (string | number)[]): Diagnostic[] {
  return files.flatMap(({ path, base64 }, index) => {
    const at = (key: string) => [...pointer, index, key];
    const first = files.findIndex((other) => other.path === path);
    const below = files.find((other) => other.path.startsWith(`${path}/`));
    return [
      ...(first < index
        ? [
            problem("file-twice", {
              summary: `${path} is written twice`,
              detail: "Each file of a guest has one content: remove one of the entries.",
              pointer: at("path"),
            }),
          ]
        : []),
      ...(below === undefined
        ? []
        : [
            problem("file-is-directory", {
              summary: `${path} is a file and a directory`,
              detail: `${below.path} is below it. Give one of them another path.`,
              pointer: at("path"),
            }),
          ]),
      ...(base64 === undefined || isBase64(base64)
        ? []
        : [
            problem("file-not-base64", {
              summary: `The content of ${path} is not base64`,
              detail:
                "Its length or its end does not fit: base64 has groups of four characters, and = only at the end. For plain text, use text.",
              pointer: at("base64"),
            }),
          ]),
    ];
  });
}

function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/\s+/g, ""));
}

function lengthMistakes(files: Files, pointer: readonly (string | number)[]): Diagnostic[] {
  const lengths = files.map(({ text, base64 = "" }) =>
    text === undefined ? Buffer.byteLength(base64.replace(/\s+/g, ""), "base64") : Buffer.byteLength(text),
  );
  const total = lengths.reduce((sum, bytes) => sum + bytes, 0);
  const advice = "Put it into the image, or let the guest fetch it.";
  return [
    ...files.flatMap(({ path }, index) => {
      const bytes = lengths[index] ?? 0;
      if (bytes <= mostBytesEach) return [];
      const detail = `It has ${bytes} bytes; the maximum is ${mostBytesEach}. ${advice}`;
      return [problem("file-too-long", { summary: `${path} is too long`, detail, pointer: [...pointer, index] })];
    }),
    ...(total > mostBytes
      ? [
          problem("file-too-long", {
            summary: "The files are too long",
            detail: `They have ${total} bytes together; the maximum is ${mostBytes}. Put some into the image, or let the guest fetch them.`,
            pointer,
          }),
        ]
      : []),
  ];
}

/** Permissions come as vendor data, and cloud-init takes the user data's list of files instead of that of the vendor data. */
function lostModes(instance: InstanceConfig, pointer: readonly (string | number)[]): Diagnostic[] {
  const { user_data: userData } = instance;
  if (instance.inject !== undefined) return [];
  const text = userData !== undefined && "text" in userData ? userData.text : "";
  if (!/^write_files\s*:/m.test(text) || fileVendorData(guestFiles(instance)) === null) return [];
  return [
    problem("file-modes-lost", {
      summary: "The modes and owners of files would be lost",
      detail:
        "They are set by write_files in the drive's vendor data, and cloud-init uses the write_files of the user data instead of it. Move these files into write_files, or those of the user data into files.",
      pointer,
    }),
  ];
}
