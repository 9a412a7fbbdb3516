" Logs and plans.

if exists('b:current_syntax')
  finish
endif

syntax match quireLogJob /^job '.*'$/
syntax match quireLogCommand /^\s*\$ .*$/
syntax match quireLogAssumed /^\s*? .*$/
syntax match quireLogBad /^(\%(exit\|ended by\) .*)$/
syntax match quireLogBad /^failed: .*$/
syntax match quireLogGood /^succeeded$/
syntax match quireLogNote /^\%(skipped\|cancelled\|not-run\)\>.*$/
syntax match quireLogNote /^… .* …$/

highlight default link quireLogJob Title
highlight default link quireLogCommand Statement
highlight default link quireLogAssumed Comment
highlight default link quireLogBad QuireFailed
highlight default link quireLogGood QuireSucceeded
highlight default link quireLogNote QuireSkipped

let b:current_syntax = 'quire-log'
