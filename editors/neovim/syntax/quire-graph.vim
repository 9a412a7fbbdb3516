" The graph as text.

if exists('b:current_syntax')
  finish
endif

syntax match quireGraphLine /[│├└─]\+/
syntax match quireGraphNeeds /←.*$/
syntax match quireGraphGood /✓.*$/
syntax match quireGraphBad /✗.*$/
syntax match quireGraphNote /–.*$/

highlight default link quireGraphLine Comment
highlight default link quireGraphNeeds Comment
highlight default link quireGraphGood QuireSucceeded
highlight default link quireGraphBad QuireFailed
highlight default link quireGraphNote QuireSkipped

let b:current_syntax = 'quire-graph'
