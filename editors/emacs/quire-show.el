;;; quire-show.el --- Show what quire-lsp has to show  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Logs, plans and graphs of jobs, in buffers that visit no file: a log is not
;; to be edited, and asking whether to read it again helps nobody.

;;; Code:

(require 'quire-client)
(require 'ansi-color)
(require 'compile)

(defvar-local quire-show--pipeline nil
  "The buffer of the pipeline whose graph this buffer shows.")

(defvar quire-show-mode-map (make-sparse-keymap)
  "Keymap of `quire-show-mode'.")

(define-derived-mode quire-show-mode special-mode "quire"
  "Major mode for logs and other texts that the server shows.

\\{quire-show-mode-map}")

(defun quire-show-text (name text &optional directory)
  "Show TEXT, with its colours, in a buffer for NAME, and return the buffer.
Places in it are looked for in DIRECTORY."
  (let ((buffer (get-buffer-create (format "*quire %s*" name))))
    (with-current-buffer buffer
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert text)
        (let ((ansi-color-apply-face-function #'ansi-color-apply-overlay-face))
          (ansi-color-apply-on-region (point-min) (point-max)))
        (goto-char (point-min)))
      (setq default-directory (or directory default-directory))
      (quire-show-mode)
      (compilation-minor-mode))
    (display-buffer buffer)
    buffer))

(defun quire-show-file (file)
  "Show FILE, which the server wants shown.
What belongs to a repository is visited; all else is only looked at."
  (if (locate-dominating-file file ".quire")
      (display-buffer (find-file-noselect file))
    (quire-show-text (file-name-nondirectory file)
                     (with-temp-buffer (insert-file-contents file) (buffer-string))
                     (quire-client-root))))

(defun quire-show-graph (pipeline text)
  "Show TEXT, the graph of the buffer PIPELINE, with its jobs to go to."
  (let ((ids (with-current-buffer pipeline (quire-show--places)))
        (name (file-name-nondirectory
               (directory-file-name (with-current-buffer pipeline (quire-client-root))))))
    (with-current-buffer (quire-show-text (concat "graph: " name) text)
      (setq quire-show--pipeline pipeline)
      (let ((inhibit-read-only t))
        (while (re-search-forward "[^][ ,│├└─←\n]+" nil t)
          (when-let ((place (assoc (match-string 0) ids)))
            (make-text-button (match-beginning 0) (match-end 0)
                              'action #'quire-show--visit 'quire-place (cdr place)
                              'help-echo "mouse-1, RET: go to this job"))))
      (goto-char (point-min)))))

(defun quire-show--places ()
  "Return the names and the points of what is defined in this buffer."
  (seq-map (lambda (symbol)
             (cons (quire-get symbol :name)
                   (quire-client-point (or (quire-get symbol :selectionRange :start)
                                           (quire-get symbol :location :range :start)))))
           (quire-client-request "textDocument/documentSymbol"
                                 (list :textDocument (list :uri (quire-client-uri))))))

(defun quire-show--visit (button)
  "Go to the job that BUTTON names."
  (let ((place (button-get button 'quire-place)))
    (pop-to-buffer quire-show--pipeline)
    (push-mark)
    (goto-char place)))

(provide 'quire-show)
;;; quire-show.el ends here
