;;; lint.el --- Find what is wrong with the package  -*- lexical-binding: t -*-

;; lint_test.go starts this, in batch, with the files of the package.

(require 'package)
(require 'checkdoc)
(setq native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil)

(defvar lint-found 0)

(defun lint-say (file line what)
  (setq lint-found (1+ lint-found))
  (princ (format "%s:%s: %s\n" (file-name-nondirectory file) line what)))

(defun lint-compile (file)
  (let ((byte-compile-log-warning-function
         (lambda (text &optional position &rest _) (lint-say file position text))))
    (unless (byte-compile-file file)
      (lint-say file 1 "does not compile"))))

(defun lint-doc (file)
  (with-current-buffer (find-file-noselect file)
    (let ((checkdoc-create-error-function
           (lambda (text start _end &optional _unfixable)
             (lint-say file (line-number-at-pos start) text)
             nil)))
      (checkdoc-current-buffer t))))

;; What extends Eglot and lsp-mode has to wait for them, and quire has no page
;; that one could be sent to.
(defvar lint-allowed "`with-eval-after-load' is for use in configurations\\|should have a Homepage")

;; What the archive of GNU has, which is not asked.
(defvar lint-archive
  (list 'eglot (package-desc-create :name 'eglot :version '(1 9) :reqs '((emacs (26 3))) :archive "gnu")))

(defun lint-package (file main)
  (with-current-buffer (find-file-noselect file)
    (let ((package-lint-main-file main))
      (pcase-dolist (`(,line ,_ ,kind ,text) (package-lint-buffer))
        (unless (string-match-p lint-allowed text)
          (lint-say file line (format "%s: %s" kind text)))))))

(defun lint ()
  (let ((files command-line-args-left)
        (main (car (last command-line-args-left))))
    (setq command-line-args-left nil)
    (mapc #'lint-compile files) ; while no package is there that they do not require
    (mapc #'lint-doc files)
    (when (>= emacs-major-version 29) ; what came before knew no Emacs 28
      (package-initialize)
      (require 'package-lint)
      (push lint-archive package-archive-contents)
      ;; Eglot is a package too, for an Emacs that does not bring it.
      (push '(eglot "\\`eglot-") package-lint-backport-libraries)
      (dolist (file files) (lint-package file main)))
    (if (= lint-found 0)
        (princ (format "%d files are clean\n" (length files)))
      (kill-emacs 1))))
;;; lint.el ends here
