;;; quire-fennel.el --- A mode for Fennel where fennel-mode is not installed  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Colours, brackets and comments of Fennel files.  What is in them the server
;; knows; so it is asked how a line is indented, too.  With fennel-mode
;; installed, Fennel files are in that mode, and all else works as in this one.

;;; Code:

(require 'quire-client)

(defconst quire-fennel-forms
  '("accumulate" "and" "assert-repl" "band" "bnot" "bor" "bxor" "case" "case-try" "collect" "comment"
    "do" "doto" "each" "eval-compiler" "faccumulate" "fcollect" "fn" "for" "global" "hashfn" "icollect"
    "if" "import-macros" "include" "lambda" "length" "let" "local" "lshift" "lua" "macro" "macrodebug"
    "macros" "match" "match-try" "not" "not=" "or" "partial" "pick-args" "pick-values" "quote" "require-macros"
    "rshift" "set" "set-forcibly!" "tail!" "tset" "unquote" "values" "var" "when" "while" "with-open" "λ")
  "The special forms and macros of Fennel whose names are words.")

(defconst quire-fennel-font-lock-keywords
  `((,(concat "(" (regexp-opt quire-fennel-forms t) "\\_>") 1 font-lock-keyword-face)
    (,(concat "(" (regexp-opt '("fn" "lambda" "λ" "macro" "local" "var" "global"))
              "[ \n]+\\([^][(){}\" \n;]+\\)")
     1 font-lock-function-name-face)
    ("\\(?:^\\|[][(){} \n]\\)\\(:[^][(){}\" \n;]+\\)" 1 font-lock-constant-face)
    ("\\_<\\(?:nil\\|true\\|false\\)\\_>" . font-lock-constant-face)
    ("[{ \n]\\(&\\(?:as\\|into\\|until\\)?\\)\\_>" 1 font-lock-builtin-face))
  "What `quire-fennel-mode' colours before the server is there.")

(defvar quire-fennel-mode-syntax-table
  (let ((table (make-syntax-table lisp-data-mode-syntax-table)))
    (dolist (pair '((?\[ . "(]") (?\] . ")[") (?\{ . "(}") (?\} . "){")))
      (modify-syntax-entry (car pair) (cdr pair) table))
    (dolist (char '(?| ?' ?@ ?? ?. ?:))
      (modify-syntax-entry char "_" table))
    (modify-syntax-entry ?# "_ p" table)
    table)
  "Syntax table of `quire-fennel-mode'.")

(defun quire-fennel-indent-line ()
  "Indent the line as the server formats it, or as Lisp without a server."
  (if (not (quire-client))
      (lisp-indent-line)
    (let ((behind (- (point-max) (point)))
          (edit (save-excursion
                  (back-to-indentation)
                  (seq-first (quire-client-request
                              "textDocument/onTypeFormatting"
                              (list :textDocument (list :uri (quire-client-uri))
                                    :position (plist-get (quire-client-range (point) (point)) :start)
                                    :ch "\n"
                                    :options '(:tabSize 2 :insertSpaces t)))))))
      (when edit
        (save-excursion
          (indent-line-to (length (quire-get edit :newText)))))
      ;; Point stays at its text, and leaves what is now blanks before it.
      (goto-char (max (- (point-max) behind)
                      (save-excursion (back-to-indentation) (point)))))))

;;;###autoload
(define-derived-mode quire-fennel-mode lisp-data-mode "Fennel"
  "Major mode for Fennel, where fennel-mode is not installed."
  (setq-local font-lock-defaults '(quire-fennel-font-lock-keywords nil nil nil))
  (setq-local comment-start ";"
              comment-start-skip ";+ *"
              comment-add 1
              imenu-case-fold-search nil
              indent-line-function #'quire-fennel-indent-line
              indent-tabs-mode nil))

;; Packages derive the name of the language from that of the mode.
(put 'quire-fennel-mode 'eglot-language-id "fennel")

(provide 'quire-fennel)
;;; quire-fennel.el ends here
