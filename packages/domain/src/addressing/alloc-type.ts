/** How the address of a link is chosen: `ip_address.alloc_type` (reference: networking-storage.md section 4). */
export const allocType = { auto: 0, sticky: 1, userReserved: 4, dhcp: 5, discovered: 6 } as const;
export type AllocType = (typeof allocType)[keyof typeof allocType];
