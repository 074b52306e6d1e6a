/** A name that Kea can put into an option: labels of at most 63 characters (RFC 1035 section 2.3.4), underscores among them. */
export const isOptionDomain = (text: string): boolean =>
  text.length <= 253 && /^[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(text);
