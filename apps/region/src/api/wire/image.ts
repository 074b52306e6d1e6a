/** Images as the API shows them. */
import type {
  BootResource,
  BootResourceFile,
  BootResourceSet,
  BootResourceWithSets,
} from "@rackwright/contract/objects/image";
import { API_ROOT } from "@rackwright/contract/table";
import type { ImageFile, ImageResource, ImageSet } from "../../app/images.ts";

const uploaded = 2;

export function imageWire(image: ImageResource): BootResource {
  return {
    ...image.extra,
    id: image.id,
    type: image.rtype === uploaded ? "Uploaded" : "Synced",
    name: image.name,
    architecture: image.architecture,
    resource_uri: uriOf(image.id),
    last_deployed: image.lastDeployed?.toISOString() ?? null,
    ...(image.title === "" ? {} : { title: image.title }),
    ...(image.baseImage === "" ? {} : { base_image: image.baseImage }),
  };
}

export function imageWithSetsWire(image: ImageResource): BootResourceWithSets {
  return { ...imageWire(image), sets: Object.fromEntries(image.sets.map((set) => [set.version, setWire(image, set)])) };
}

function setWire(image: ImageResource, set: ImageSet): BootResourceSet {
  const size = sum(set.files.map((file) => file.sizeBytes));
  const complete = set.files.length > 0 && set.files.every((file) => file.complete);
  return {
    version: set.version,
    label: set.label,
    size,
    complete,
    ...(complete ? {} : { progress: percent(sum(set.files.map((file) => file.receivedBytes)), size) }),
    files: Object.fromEntries(set.files.map((file) => [file.filename, fileWire(image, file)])),
  };
}

function fileWire(image: ImageResource, file: ImageFile): BootResourceFile {
  return {
    filename: file.filename,
    filetype: file.filetype,
    sha256: file.sha256,
    // Racks serve it as /images/<this>/...; the whole hash, so that it never has to grow.
    filename_on_disk: file.sha256,
    size: file.sizeBytes,
    complete: file.complete,
    ...(file.complete ? {} : { progress: percent(file.receivedBytes, file.sizeBytes) }),
    ...(file.complete || image.rtype !== uploaded ? {} : { upload_uri: `${uriOf(image.id)}upload/${file.id}/` }),
  };
}

const uriOf = (id: number) => `${API_ROOT}/boot-resources/${id}/`;
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const percent = (part: number, whole: number) => (whole === 0 ? 0 : (100 * part) / whole);
