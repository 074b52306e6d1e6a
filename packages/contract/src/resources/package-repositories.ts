import { action, resource } from "../action.ts";
import { flag, optionalFlag, optionalList, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such package repository" } as const;
const NAME = { max: 41 };
const commas = { split: "comma" } as const;

const lists = {
  distributions: optionalList("Distributions to take packages of. Empty: the machine's own.", commas),
  disabled_pockets: optionalList("Pockets to leave out: updates, security, backports.", commas),
  disabled_components: optionalList("Components of the default archives to leave out.", commas),
  components: optionalList("Components to take, of other archives than the default ones.", commas),
  arches: optionalList("Architectures: amd64, i386, armhf, arm64, ppc64el, s390x.", commas),
  key: text("Public key that signs the archive, ASCII-armoured."),
} as const;

export const packageRepositories = resource({
  name: "PackageRepositories",
  path: "/package-repositories/",
  doc: "Archives of packages.",
  actions: {
    read: action({ method: "GET", doc: "List package repositories", returns: "PackageRepository[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a package repository",
      params: {
        name: requiredText("Name.", NAME),
        url: requiredText("http://, https:// or ppa:USER/NAME."),
        ...lists,
        disable_sources: flag("Leave out source packages."),
        enabled: flag("Whether it is used.", true),
      },
      returns: "PackageRepository",
      errors: { 400: "a field was refused", ...admin },
    }),
  },
});

export const packageRepository = resource({
  name: "PackageRepository",
  path: "/package-repositories/{id}/",
  doc: "One package repository, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read a package repository", returns: "PackageRepository", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a package repository\n\nWhat is not named stays as it is.",
      params: {
        name: text("Another name.", NAME),
        url: text("http://, https:// or ppa:USER/NAME."),
        ...lists,
        disable_sources: optionalFlag("Leave out source packages."),
        enabled: optionalFlag("Whether it is used."),
      },
      returns: "PackageRepository",
      errors: { 400: "a field was refused", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a package repository",
      returns: "",
      success: 204,
      errors: { 400: "this is a default archive", ...admin, ...none },
    }),
  },
});
