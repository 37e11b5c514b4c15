import { manyInstances } from "../support.ts";

/** Two instances on an empty host that has other things on it. */
export const plan = {
  ...manyInstances(2),
  unmanaged: [
    { what: "domain", name: "old-mail" },
    { what: "domain", name: "blog", owner: "blog" },
    { what: "domain", name: "ci" },
    { what: "base-file", name: "0a1b" },
    { what: "instance-directory", name: "9e107d9d" },
  ],
};
