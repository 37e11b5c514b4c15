/** The stable codes of problems with where images come from, and what each means. */
export const codes: Readonly<Record<string, string>> = {
  "image-access": "What an image's source asks for is empty or cannot be sent.",
  "image-source-invalid": "The address of an image cannot be read.",
  "image-source-missing": "The file of an image does not exist.",
  "image-source-not-a-file": "The source of an image is not a file.",
  "image-source-other-cluster": "An image is in another Ceph cluster.",
  "image-source-unknown": "The address of an image has an unknown scheme.",
  "image-source-unsupported": "The address of an image has a scheme that this version cannot fetch from.",
};
