export const style = `
:root { --ink: #20242c; --quiet: #667085; --line: #e3e6ec; --paper: #fbfaf7; --accent: #7a2e3a; }
* { box-sizing: border-box; }
body { margin: 0; font: 17px/1.6 Georgia, "Iowan Old Style", "Times New Roman", serif; color: var(--ink); background: var(--paper); }
header { display: flex; min-height: 3.7rem; justify-content: space-between; align-items: center; gap: 1rem; padding: .8rem 2rem; background: #fff; border-bottom: 1px solid var(--line); flex-wrap: wrap; }
.brand { font-weight: bold; font-size: 1.2rem; color: var(--accent); text-decoration: none; letter-spacing: .02em; }
.session { display: flex; gap: .6rem; align-items: center; font: 15px system-ui, sans-serif; color: var(--quiet); margin: 0; }
.session input { font: inherit; padding: .35rem .6rem; border: 1px solid var(--line); border-radius: 6px; width: 9rem; }
.session button, .button { font: 600 15px system-ui, sans-serif; color: #fff; background: var(--accent); border: 0; border-radius: 6px; padding: .45rem .9rem; cursor: pointer; text-decoration: none; }
.session .user::before { content: "●"; color: #2e7d4f; margin-right: .4rem; }
.session a { color: var(--accent); }
main { max-width: 62rem; margin: 0 auto; padding: 2.2rem 2rem 4rem; }
.home { text-align: center; padding-top: 16vh; }
h1 { font-size: 2.4rem; line-height: 1.15; margin: 0 0 .8rem; }
h2 { font: 600 .85rem system-ui, sans-serif; text-transform: uppercase; letter-spacing: .1em; color: var(--quiet); border-bottom: 1px solid var(--line); padding-bottom: .5rem; margin: 0 0 1.2rem; }
.book { display: grid; grid-template-columns: 11rem 1fr; gap: 2.2rem; align-items: start; margin-bottom: 2.6rem; }
.cover { aspect-ratio: 2/3; border-radius: 3px 8px 8px 3px; color: #f6e9d2; background: linear-gradient(90deg, #5c1f2a 0 5%, #7a2e3a 6.5% 100%); box-shadow: 0 10px 24px rgba(40, 20, 24, .28); display: flex; flex-direction: column; justify-content: space-between; padding: 1.5rem 1rem 1.1rem 1.5rem; font-size: 1.25rem; line-height: 1.2; }
.cover small { font-size: .8rem; opacity: .8; }
.summary { font-size: 1.08rem; max-width: 42rem; margin: 0; }
.columns { display: grid; grid-template-columns: 5fr 7fr; gap: 3rem; }
dl { display: grid; grid-template-columns: 7rem 1fr; gap: .45rem 1rem; margin: 0; font: 15px/1.5 system-ui, sans-serif; }
dt { color: var(--quiet); } dd { margin: 0; }
blockquote { margin: 0 0 1.6rem; padding: 0 0 0 1.2rem; border-left: 3px solid var(--line); }
blockquote p { margin: 0 0 .3rem; }
blockquote footer { font: 14px system-ui, sans-serif; color: var(--quiet); }
blockquote footer::before { content: "— "; }
.stars { font-size: 1.35rem; letter-spacing: .12em; line-height: 1.2; }
.stars.black { color: #20242c; } .stars.red { color: #d0342c; } .stars span { color: #d9dce3; }
.failure { color: #9a3412; background: #fff4ed; border: 1px solid #fbd5bd; border-radius: 6px; padding: .5rem .8rem; font: 15px system-ui, sans-serif; }
.served { font: 14px system-ui, sans-serif; color: var(--quiet); }
code { font: 13px ui-monospace, monospace; background: #eef0f4; border-radius: 4px; padding: .1rem .35rem; }
@media (max-width: 44rem) { .book, .columns { grid-template-columns: 1fr; } .cover { width: 9rem; } main { padding: 1.4rem 1.1rem 3rem; } header { padding: .8rem 1.1rem; } }
`;
