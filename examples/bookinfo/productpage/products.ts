export interface Product {
  readonly id: number;
  readonly title: string;
  readonly descriptionHtml: string;
}

export const products: readonly [Product, ...Product[]] = [
  {
    id: 0,
    title: 'The Comedy of Errors',
    descriptionHtml:
      'One of Shakespeare’s early plays, his shortest and one of his most farcical: two sets of identical twins, ' +
      'separated at birth by a shipwreck, meet by accident in Ephesus. Mistaken identities, wrongful beatings and ' +
      'a good deal of word play follow.',
  },
];
