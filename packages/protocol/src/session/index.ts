export * from './address.ts';
export * from './client-channel.ts';
export * from './fingerprint.ts';
export * from './frame-link.ts';
export * from './proof.ts';
export * from './server-channel.ts';
export * from './succession.ts';
export * from './ticket.ts';
