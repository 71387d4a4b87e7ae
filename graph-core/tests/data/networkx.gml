graph [
  directed 1
  node [
    id 0
    label "0"
    rank 1
    score 0.5
    flag 1
    name "plain"
    key "a"
  ]
  node [
    id 1
    label "1"
    rank -2
    score -1.E+300
    flag 0
    name "<tag> &#38; &#34;quotes&#34;"
    key "b <&#38;>&#34;'"
  ]
  node [
    id 2
    label "2"
    rank 3
    score 0.1
    flag 1
    name "line&#10;break&#9;tab"
    key "&#252;&#128512;"
  ]
  node [
    id 3
    label "3"
    rank 4
    score 2.0
    flag 0
    name "gr&#246;&#223;er"
    key "hermit"
  ]
  edge [
    source 0
    target 1
    weight 1.5
    kind "x"
  ]
  edge [
    source 0
    target 0
    weight 0.125
    kind "loop"
  ]
  edge [
    source 1
    target 2
    weight 2.25
    kind "y &#38; z"
  ]
  edge [
    source 2
    target 0
    weight 3.0
    kind ""
  ]
]
