;;; e2e.el --- What a person does in Emacs  -*- lexical-binding: t -*-

;; emacs_test.go starts this, in batch, and gives it:
;;   QUIRE_CLIENT    eglot or lsp-mode
;;   QUIRE_SCENARIO  mistakes or pipeline
;;   QUIRE_FILE      the ci.fnl to open
;;   QUIRE_INSTALL   the line of the README that installs the package
;; In batch nothing is drawn and no idle timer runs; so what they would do is
;; called by its name.

(require 'cl-lib)
(require 'flymake)
(require 'package)
(setq make-backup-files nil create-lockfiles nil load-prefer-newer t
      native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil)

(defun e2e-say (format &rest arguments)
  (princ (concat (apply #'format format arguments) "\n")))

(defmacro e2e-wait (what form)
  "Wait until FORM is non-nil, and return its value; say WHAT it is."
  (declare (indent 1))
  `(let ((end (+ (float-time) 60)) value)
     (while (not (or (setq value ,form) (> (float-time) end)))
       (accept-process-output nil 0.02))
     (unless value (error "Waited in vain for %s" ,what))
     (e2e-say "ok   %s" ,what)
     value))

;;; The package that starts the server

(defvar e2e-eglot (equal (getenv "QUIRE_CLIENT") "eglot"))

(defun e2e-start ()
  "Start the server in this buffer, as M-x eglot or M-x lsp do."
  (cond (e2e-eglot
         (require 'eglot)
         (setq eglot-confirm-server-initiated-edits nil eglot-confirm-server-edits nil eglot-autoshutdown t)
         (apply #'eglot (eglot--guess-contact))
         (e2e-wait "the server is attached" (eglot-managed-p)))
        (t
         (require 'lsp-mode) (require 'lsp-lens) (require 'lsp-diagnostics) (require 'lsp-modeline) (require 'lsp-completion)
         (setq lsp-session-file (expand-file-name "lsp-session" (getenv "HOME"))
               lsp-auto-guess-root t lsp-restart 'ignore lsp-diagnostics-provider :flymake
               lsp-enable-suggest-server-download nil lsp-warn-no-matched-clients nil
               lsp-modeline-code-actions-enable nil lsp-modeline-diagnostics-enable nil
               lsp-headerline-breadcrumb-enable nil lsp-enable-snippet nil lsp-auto-execute-action t
               lsp-enable-file-watchers nil lsp-completion-provider :none lsp-lens-enable t)
         (lsp-workspace-folders-add (quire-client-root))
         (lsp)
         (lsp-lens-mode 1)
         (e2e-wait "the server is attached"
           (cl-some (lambda (w) (eq (lsp--workspace-status w) 'initialized)) (lsp-workspaces)))))
  (unless quire-mode (error "The mode is not on")))

(defun e2e-diagnostics ()
  (cond (e2e-eglot (eglot--signal-textDocument/didChange))
        (t (lsp-diagnostics--flymake-setup) (lsp-diagnostics--flymake-update-diagnostics)))
  (flymake-start)
  (flymake-diagnostics))

(defun e2e-quick-fix (beg end)
  (setq e2e-answers '("Replace")
        last-nonmenu-event ?\r) ; not the mouse
  (goto-char beg)
  (if e2e-eglot
      (eglot-code-actions beg end "quickfix" t)
    (lsp-execute-code-action-by-kind "quickfix")))

(defun e2e-complete ()
  "Complete at point.
With lsp-mode as user interfaces for completion do, which is the way
that it supports: they offer what there is and tell what was chosen."
  (if e2e-eglot
      (completion-at-point)
    (pcase-let* ((`(,beg ,end ,table . ,properties) (lsp-completion-at-point))
                 (chosen (car (all-completions "" table))))
      (delete-region beg end)
      (insert chosen)
      (funcall (plist-get properties :exit-function) chosen 'finished))))

(defun e2e-lens-texts ()
  "Return the strings of the lenses with where they belong."
  (delq nil (mapcar (lambda (o)
                      (let ((text (or (overlay-get o 'before-string) (overlay-get o 'after-string))))
                        (and text (or (overlay-get o 'quire-lens) (overlay-get o 'lsp-lens))
                             (cons (or (overlay-get o 'lsp-lens-position) (overlay-end o)) text))))
                    (overlays-in (point-min) (point-max)))))

(defun e2e-lens (job title)
  "Return the text of the lenses of JOB when one of them begins with TITLE."
  (cl-loop for (at . text) in (e2e-lens-texts)
           when (save-excursion
                  (goto-char at)
                  (beginning-of-line)
                  (and (looking-at (format "(job :%s " job)) (string-search title text)))
           return text))

(defun e2e-click (job title)
  "Click at the lens of JOB whose text begins with TITLE, as the mouse does."
  ;; Those of an older text would do something else.
  (cond (e2e-eglot (quire-lens--clear) (quire-lens-refresh))
        (t (mapc #'delete-overlay lsp-lens--overlays) (lsp-lens-refresh t)))
  (let* ((text (e2e-wait (format "the lens %s of %s" title job) (e2e-lens job title)))
         (at (string-search title text))
         (map (or (get-text-property at 'keymap text) (get-text-property at 'local-map text)))
         (command (lookup-key map [mouse-1])))
    (if e2e-eglot
        (funcall command `(mouse-1 (,(selected-window) ,(point) (0 . 0) 0)))
      (funcall command))))

;;; What is looked at

(defun e2e-place (point)
  (save-excursion
    (goto-char point)
    (list (line-number-at-pos) (1+ (- (position-bytes point) (position-bytes (line-beginning-position)))))))

(defun e2e-mistakes ()
  (e2e-wait "diagnostics" (e2e-diagnostics))
  (dolist (d (flymake-diagnostics))
    (e2e-say "finding %s"
             (json-encode `((text . ,(flymake-diagnostic-text d))
                            (type . ,(format "%s" (flymake-diagnostic-type d)))
                            (start . ,(vconcat (e2e-place (flymake-diagnostic-beg d))))
                            (end . ,(vconcat (e2e-place (flymake-diagnostic-end d)))))))))

(defun e2e-sees (text)
  (save-excursion (goto-char (point-min)) (search-forward text nil t)))

(defun e2e-replace (old new)
  (goto-char (point-min))
  (search-forward old)
  (replace-match new t t))

(defun e2e-run-text ()
  (with-current-buffer (quire-run--buffer (car quire-run--runs))
    (buffer-substring-no-properties (point-min) (point-max))))

(defvar e2e-seen nil "The run that was looked at last.")

(defun e2e-new-run ()
  "Return the newest run, when it is not the one that was looked at last."
  (let ((run (car quire-run--runs)))
    (and run (not (eq run e2e-seen)) run)))

(defun e2e-outcome (outcome)
  "Wait until another run has this OUTCOME, and return what its buffer shows."
  (e2e-wait (format "the run has %s" outcome)
    (let ((run (e2e-new-run)))
      (and run (equal (quire-run--outcome run) outcome))))
  (setq e2e-seen (car quire-run--runs))
  (e2e-run-text))

(defvar e2e-asked nil)
(defvar e2e-answers nil)

(defun e2e-answer (prompt collection &rest _)
  "Answer a question, whether to trust the workspace or one of `e2e-answers'."
  (push prompt e2e-asked)
  (let ((all (all-completions "" collection)))
    (or (cl-find-if (lambda (choice) (string-prefix-p "Trust" choice)) all)
        (let ((wanted (pop e2e-answers)))
          (or (cl-find-if (lambda (choice) (and wanted (string-prefix-p wanted choice))) all)
              (error "%S was asked; %S is none of %S" prompt wanted all))))))

;;; The pipeline

(defun e2e-edits ()
  "Complete, apply the quick fix, format, indent and rename."
  (e2e-replace "(job :broken [:quire/push]" "(job :broken [:quire/push :bui]")
  (search-backward ":bui")
  (forward-char 4)
  (e2e-complete)
  (e2e-wait "completion wrote :build" (e2e-sees "(job :broken [:quire/push :build]"))
  (e2e-replace "[:quire/push :build]" "[:quire/push]")

  (let ((typo (e2e-wait "the typo is marked"
                (cl-find-if (lambda (d) (equal (buffer-substring (flymake-diagnostic-beg d) (flymake-diagnostic-end d)) ":timout"))
                            (e2e-diagnostics)))))
    (e2e-quick-fix (flymake-diagnostic-beg typo) (flymake-diagnostic-end typo))
    (e2e-wait "the quick fix is applied" (e2e-sees "{:timeout 3}"))
    (e2e-wait "no diagnostic is left" (null (e2e-diagnostics))))

  (let ((text (buffer-string)))
    (e2e-replace "\n    (let [" "\n (let   [")
    (if e2e-eglot (eglot-format-buffer) (lsp-format-buffer))
    (e2e-wait "formatting repairs the text" (equal (buffer-string) text))
    (e2e-replace "\n    (let [" "\n(let [")
    (indent-according-to-mode)
    (e2e-wait "a line is indented as it is formatted" (equal (buffer-string) text)))

  (goto-char (point-min))
  (search-forward "(job :bu")
  (if e2e-eglot (eglot-rename "compile") (lsp-rename "compile"))
  (e2e-wait "the job has another name everywhere"
    (and (e2e-sees "(job :compile ") (e2e-sees "(job :test [:compile]") (e2e-sees "(jobs :compile)")
         (not (e2e-sees ":build"))))
  (save-buffer))

(defun e2e-runs ()
  "Run jobs from their lenses: one that succeeds and one that fails."
  (e2e-click "compile" "▶ run")
  (unless (string-match-p "^built$" (e2e-outcome "succeeded")) (error "No output: %s" (e2e-run-text)))
  (unless (cl-some (lambda (prompt) (string-match-p "Do you trust" prompt)) e2e-asked) (error "Nobody asked for trust"))
  (e2e-wait "the lens tells that it succeeded" (e2e-lens "compile" "✓"))

  (e2e-click "broken" "▶ run")
  (e2e-outcome "failed")
  (let ((d (e2e-wait "the failure is marked"
             (cl-find-if (lambda (d) (string-match-p "exit 3\\|status 3\\|exited with 3" (flymake-diagnostic-text d))) (e2e-diagnostics)))))
    (e2e-say "     %S" (flymake-diagnostic-text d))
    (unless (equal (buffer-substring (flymake-diagnostic-beg d) (flymake-diagnostic-end d)) "(sh \"echo reason; exit 3\")")
      (error "It is not at the sh")))
  (e2e-wait "the lens tells that it failed" (e2e-lens "broken" "✗"))
  (let ((pipeline (current-buffer)))
    (save-window-excursion
      (goto-char (point-min))
      (with-current-buffer (quire-run--buffer (car quire-run--runs)) (goto-char (point-min)))
      (next-error nil t)
      (set-buffer (window-buffer (selected-window)))
      (unless (and (eq (current-buffer) pipeline) (looking-at "(sh \"echo reason"))
        (error "The place in the run leads to %S:\n%s" (buffer-substring (point) (line-end-position)) (e2e-run-text))))
    (e2e-say "ok   next-error goes from the run to the sh"))
  (e2e-say "%s" (replace-regexp-in-string "^" "     | " (e2e-run-text))))

(defun e2e-long-runs ()
  (e2e-wait "the long job runs"
    (let ((run (e2e-new-run)))
      (and run (equal (alist-get "long" (quire-run--jobs run) nil nil #'equal) "running")))))

(defun e2e-shown (name text)
  "Return a buffer that the server had shown whose name has NAME, if TEXT is in it."
  (cl-find-if (lambda (b)
                (and (string-match-p (concat "^\\*quire.*" name) (buffer-name b))
                     (with-current-buffer b (e2e-sees text))))
              (buffer-list)))

(defun e2e-commands ()
  "Use the commands, from a file of the repository that no server looks after."
  (let ((other (find-file-noselect (expand-file-name "notes.txt" (quire-client-root)))))
    (with-current-buffer other
      (setq e2e-answers '("test"))
      (call-interactively #'quire-run)
      (e2e-outcome "succeeded")
      (unless (string-match-p "▶ compile\\(.\\|\n\\)*▶ test" (e2e-run-text)) (error "Not what it needs: %s" (e2e-run-text)))
      (quire-rerun)
      (e2e-outcome "succeeded")
      (quire-graph)
      (with-current-buffer (e2e-wait "the graph" (get-buffer "*quire graph: pipeline*"))
        (e2e-wait "the graph is drawn" (e2e-sees "quire/push"))
        (search-forward "test")
        (let ((button (e2e-wait "a job of the graph is a button" (button-at (match-beginning 0)))))
          (save-window-excursion
            (push-button button)
            (set-buffer (window-buffer (selected-window)))
            (unless (looking-at ":test") (error "The button leads to %d" (point))))))
      (setq e2e-answers '("test"))
      (call-interactively #'quire-dry-run)
      (cond
       ((not (or e2e-eglot (fboundp 'lsp--window-show-document))) ; before lsp-mode 9
        (e2e-wait "the place of the plan" (with-current-buffer "*Messages*" (e2e-sees "Plan: "))))
       (t
        (e2e-wait "the plan" (e2e-shown "plan" "echo"))
        (setq e2e-answers '("broken"))
        (call-interactively #'quire-log)
        (e2e-wait "the log" (e2e-shown "log" "reason"))))))
  (setq e2e-answers '("▶ Run only job 'test'"))
  (goto-char (point-min))
  (search-forward "(job :test")
  (quire-act)
  (unless (string-match-p "▶ compile" (e2e-outcome "succeeded")) (e2e-say "ok   only the job ran")))

(defun e2e-pipeline ()
  (e2e-edits)
  (e2e-runs)
  (e2e-commands)
  (e2e-click "long" "▶ run")
  (e2e-long-runs)
  (e2e-click "long" "■ cancel")
  (e2e-outcome "cancelled")
  (e2e-click "long" "▶ run")
  (e2e-long-runs)
  (with-current-buffer (quire-run--buffer (car quire-run--runs))
    (call-interactively (command-remapping 'kill-compilation)))
  (e2e-outcome "cancelled")
  (e2e-click "long" "▶ run")
  (e2e-long-runs)) ; and is running when Emacs quits

(defun e2e-main ()
  (e2e-say "Emacs %s" emacs-version)
  (package-initialize)
  (let ((inhibit-message t)) (eval (read (getenv "QUIRE_INSTALL")) t))
  (find-file (getenv "QUIRE_FILE"))
  (e2e-say "ok   the mode is %s" major-mode)
  (e2e-start)
  (let ((completing-read-function #'e2e-answer))
    (funcall (intern (concat "e2e-" (getenv "QUIRE_SCENARIO")))))
  (e2e-say "PASS"))

(defun e2e-quit (status)
  "Quit, whatever runs, without a word of what the server still says."
  (when e2e-eglot ; which has no way to quit that waits for the server
    (dolist (p (process-list)) (set-process-filter p #'ignore)))
  (kill-emacs status))

(condition-case err
    (progn (e2e-main) (e2e-quit 0))
  (error
   (e2e-say "FAIL %S" err)
   (e2e-say "%s" (with-current-buffer "*Messages*" (buffer-string)))
   (dolist (b (buffer-list))
     (when (string-match-p "EGLOT.*events" (buffer-name b))
       (with-current-buffer b
         (e2e-say "%s" (buffer-substring (max 1 (- (point-max) 4000)) (point-max))))))
   (e2e-quit 1)))
;;; e2e.el ends here
