// Elements of the page, and the icons on its buttons.

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const icon = (shapes: string) => `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${shapes}</svg>`;

export const icons = {
  run: icon('<path d="M4.5 2.8v10.4L12.8 8z"/>'),
  runAll: icon('<path d="M2.5 2.8v10.4L9 8zM8.5 2.8v2.6L11.7 8l-3.2 2.6v2.6L15 8z"/>'),
  stop: icon('<rect x="3.5" y="3.5" width="9" height="9" rx="1"/>'),
};
