;;; quire-lens.el --- Code lenses for Eglot, by overlays  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Draws the code lenses of the server in lines of their own, above what they
;; are about.

;;; Code:

(require 'quire-client)

(defface quire-lens '((t :inherit shadow))
  "Face of code lenses."
  :group 'quire)

(defface quire-lens-mouse '((t :inherit highlight))
  "Face of the code lens under the mouse."
  :group 'quire)

(defcustom quire-lens-delay 0.3
  "Seconds of idleness after a change before lenses are asked for again."
  :group 'quire
  :type 'number)

(defvar-local quire-lens--timer nil
  "Asks for the lenses of this buffer when Emacs is idle.")

;;;###autoload
(define-minor-mode quire-lens-mode
  "Draw the code lenses of quire-lsp in this buffer."
  :lighter nil
  (quire-lens--clear)
  (cond (quire-lens-mode
         (add-hook 'after-change-functions #'quire-lens--changed nil t)
         (add-hook 'kill-buffer-hook #'quire-lens--forget nil t)
         (quire-lens-refresh))
        (t (remove-hook 'after-change-functions #'quire-lens--changed t)
           (quire-lens--forget))))

(defun quire-lens--forget ()
  "Ask for no lenses of this buffer any more."
  (when quire-lens--timer
    (cancel-timer quire-lens--timer)
    (setq quire-lens--timer nil)))

(defun quire-lens--changed (&rest _)
  "Ask for the lenses again when Emacs is idle."
  (quire-lens--forget)
  (setq quire-lens--timer
        (run-with-idle-timer quire-lens-delay nil
                             (lambda (buffer)
                               (when (buffer-live-p buffer)
                                 (with-current-buffer buffer (quire-lens-refresh))))
                             (current-buffer))))

(defun quire-lens-refresh ()
  "Ask for the lenses of this buffer, and draw them when they are there."
  (when (and quire-lens-mode (quire-client))
    (let ((buffer (current-buffer))
          (tick (buffer-chars-modified-tick)))
      (quire-client-async "textDocument/codeLens" (list :textDocument (list :uri (quire-client-uri)))
                          (lambda (lenses)
                            (when (buffer-live-p buffer)
                              (with-current-buffer buffer
                                ;; Of a text that has changed since, they will be asked for again.
                                (when (and quire-lens-mode (= tick (buffer-chars-modified-tick)))
                                  (quire-lens--draw lenses)))))))))

(defun quire-lens--clear ()
  "Remove the lenses of this buffer."
  (save-restriction
    (widen)
    (remove-overlays (point-min) (point-max) 'quire-lens t)))

(defun quire-lens--draw (lenses)
  "Draw LENSES, those of a line in one line above it."
  (save-excursion
    (save-restriction
      (widen)
      (quire-lens--clear)
      (pcase-dolist (`(,bol . ,group)
                     (seq-group-by (lambda (lens)
                                     (goto-char (quire-client-point (quire-get lens :range :start)))
                                     (line-beginning-position))
                                   (append lenses nil)))
        (quire-lens--line bol (mapcar (lambda (lens) (quire-get lens :command)) group))))))

(defun quire-lens--line (bol commands)
  "Draw the lenses for COMMANDS above the line that begins at BOL.
They belong to the end of the line before, so that point in front of
the line is shown there and not at the lenses."
  (goto-char bol)
  (let* ((indentation (make-string (current-indentation) ?\s))
         (text (concat indentation
                       (mapconcat #'quire-lens--button commands
                                  (propertize "  " 'face 'quire-lens))))
         (first (bobp))
         (overlay (if first (make-overlay bol bol) (make-overlay (1- bol) bol))))
    (overlay-put overlay 'quire-lens t)
    (overlay-put overlay 'evaporate (not first))
    (overlay-put overlay 'before-string
                 (if first
                     (concat text (propertize "\n" 'face 'default))
                   (concat (propertize "\n" 'face 'default 'cursor t) text)))))

(defun quire-lens--button (command)
  "Return the text of a lens that has the server execute COMMAND."
  (let ((map (make-sparse-keymap))
        (title (quire-get command :title))
        (act (lambda (event)
               (interactive "e")
               (with-current-buffer (window-buffer (posn-window (event-start event)))
                 (quire-client-execute (quire-get command :command) (quire-get command :arguments))))))
    (define-key map [mouse-1] act)
    (define-key map [down-mouse-1] #'ignore)
    (propertize title
                'face (cond ((string-prefix-p "✗" title) '(error quire-lens))
                            ((string-prefix-p "✓" title) '(success quire-lens))
                            (t 'quire-lens))
                'mouse-face 'quire-lens-mouse
                'help-echo (or (quire-get command :tooltip) title)
                'pointer 'hand
                'keymap map)))

(provide 'quire-lens)
;;; quire-lens.el ends here
