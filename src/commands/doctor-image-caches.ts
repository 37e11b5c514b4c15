import type { Context } from "../model/context.ts";
import type { Finding } from "../model/finding.ts";
import { isUuidDirectory } from "../model/layout.ts";

/** A warning for each further image cache in the instances path: that of another setting, of this or of another configuration. */
export async function checkImageCaches({ host: { files }, layout }: Context): Promise<Finding[]> {
  const listed = await files.list(layout.root);
  const others = listed
    .filter(({ name, type }) => type === "directory" && !isUuidDirectory(name))
    .map(({ name }) => `${layout.root}/${name}`)
    .filter((path) => ![layout.base, layout.locks, layout.journals, layout.volumes].includes(path));
  const [own, ...identities] = await files.identify([layout.base, ...others]);
  const found = await Promise.all(
    others.map(async (path, index): Promise<Finding[]> => {
      // The configured directory may be a link to it.
      if (identities[index]?.id === own?.id) return [];
      const images = (await files.list(path)).filter(({ name, type }) => type === "file" && /^[0-9a-f]{40}$/.test(name)).length;
      if (images === 0) return [];
      const what = images === 1 ? "1 base image" : `${images} base images`;
      const fix = `If other configurations or Nova use that directory, nothing. Else move it (docs/images.md, "Another directory for base images"), or remove it once no disk is backed by its files.`;
      return [
        {
          check: "image cache",
          status: "warning",
          found: `${path} has ${what}; image_cache_subdirectory_name is ${layout.cacheName}`,
          fix,
        },
      ];
    }),
  );
  return found.flat();
}
