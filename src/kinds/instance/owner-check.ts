import type { WrongAccess, WrongOwner } from "../../drivers/shared/file-access.ts";
import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Checked } from "../disk/checked.ts";
import { disks } from "../terms/disk-address.ts";
import { guests } from "../terms/guest-address.ts";
import { seeds } from "../terms/seed-address.ts";
import { volumes } from "../terms/volume-address.ts";

/** Paths that a warning names; further ones are only counted. */
const mostNamed = 3;

/** Files of other users, where virtform is not root: their guests may not be able to open them, and only root can give them back. */
export function checkOwners({ observed }: Pick<Checked, "observed">): Diagnostic[] {
  const found: readonly (readonly [Address, WrongAccess | null | undefined])[] = [
    ...observed.of(disks).map(([address, { disk }]) => [address, disk?.access] as const),
    ...observed.of(volumes).map(([address, { disk }]) => [address, disk?.access] as const),
    ...observed.of(seeds).map(([address, { access }]) => [address, access] as const),
    ...observed.of(guests).flatMap(([address, { files }]) => Object.values(files ?? {}).map((access) => [address, access] as const)),
  ];
  const wrong = found.flatMap(([address, access]): (readonly [Address, WrongOwner])[] =>
    access?.owner === undefined || access.owner.guest !== null ? [] : [[address, access.owner]],
  );
  const [first] = wrong;
  if (first === undefined) return [];
  const [address, { path, own }] = first;
  const named = wrong.slice(0, mostNamed).map(([, file]) => `${file.path} (${file.found})`);
  const more = wrong.length > mostNamed ? ` and ${wrong.length - mostNamed} more` : "";
  return [
    problem(
      "file-of-another-user",
      {
        summary: wrong.length === 1 ? "A file of a guest belongs to another user" : `${wrong.length} files of guests belong to other users`,
        detail: `Numbers of user and group are ${named.join(", ")}${more}; they should be ${own}. The guests of this session may not be able to open them, and only root can give them back: \`sudo chown ${shellWord(own)} ${shellWord(path)}\`${wrong.length === 1 ? "" : " and so on"}.`,
        address,
      },
      "warning",
    ),
  ];
}
