# quire in Kakoune with kakoune-lsp: copy this to ~/.config/kak/autoload/quire.kak,
# or source it in kakrc behind the line that loads kakoune-lsp.

hook -group quire global BufSetOption filetype=fennel %{
    set-option buffer lsp_servers %{
        [quire-lsp]
        root_globs = [".quire"]
        settings_section = "quire"
        [quire-lsp.settings.quire]
        # trusted = true      # runs jobs without asking
        # run.parallel = 4
    }
}

hook -group quire global WinSetOption filetype=fennel %{
    lsp-enable-window
    lsp-inlay-diagnostics-enable window
    lsp-inlay-code-lenses-enable window # ▶ run
    lsp-inlay-hints-enable window       # when a job runs, and what needs it
    hook -group quire-colours window BufReload .* lsp-semantic-tokens
    hook -group quire-colours window NormalIdle .* lsp-semantic-tokens
    hook -once -always window WinSetOption filetype=.* %{ remove-hooks window quire-colours }
}
