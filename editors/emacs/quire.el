;;; quire.el --- Write and run quire CI pipelines  -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Keywords: tools, languages, processes
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A pipeline of quire is a Fennel program, .quire/ci.fnl.  The language
;; server quire-lsp knows all about it.  This package starts the server, in
;; Eglot or in lsp-mode, and adds what the Language Server Protocol has no
;; words for: a buffer that follows a run, with its places to jump to, and
;; commands to run jobs, to cancel them, and to look at logs and at the graph.
;; Eglot draws no code lenses, so for Eglot this package draws them.
;;
;; Open .quire/ci.fnl and start M-x eglot or M-x lsp.  C-c , , shows all commands.

;;; Code:

(require 'quire-client)
(require 'quire-fennel)
(require 'quire-run)
(require 'quire-show)
(require 'transient)

;;; What is asked of the server

(defun quire--execute (command &rest arguments)
  "Have the server execute COMMAND with ARGUMENTS, a property list.
If ARGUMENTS have a function as :then, call it with the result."
  (let ((then (plist-get arguments :then)))
    (cl-remf arguments :then)
    (quire-client-execute command (vector arguments) then)))

(defun quire--actions (beg end)
  "Return the commands for the text between BEG and END.
Each is as in the protocol, with what the action is called as its title."
  (delq nil
        (seq-map (lambda (action) (quire-get action :command))
                 (quire-client-request
                  "textDocument/codeAction"
                  (list :textDocument (list :uri (quire-client-uri))
                        :range (quire-client-range beg end)
                        :context '(:diagnostics [] :only ["quire.run"]))))))

(defun quire--jobs (beg end)
  "Return the ids of the jobs that can be run between BEG and END."
  (seq-uniq
   (seq-mapcat (lambda (command)
                 (when (equal (quire-get command :command) "quire.run")
                   (append (quire-get (seq-elt (quire-get command :arguments) 0) :jobs) nil)))
               (quire--actions beg end))))

(defun quire--read-job (prompt)
  "Ask for a job after PROMPT, and return its id, or nil for all of them.
The job around point is the default."
  (let ((here (when (quire-client) (car (quire--jobs (point) (point))))))
    (quire-client-with-pipeline
      (let ((job (completing-read (format-prompt prompt (or here "all"))
                                 (quire--jobs (point-min) (point-max)) nil t nil nil (or here ""))))
        (unless (string-empty-p job) job)))))

;;; Commands

;;;###autoload
(defun quire-run (job &optional only)
  "Run JOB with what it needs, or all that a push would when JOB is nil.
If ONLY is non-nil, interactively with a prefix argument, run it
without what it needs, whose last outputs it gets.  What runs is the
text in the buffers, saved or not."
  (interactive (list (quire--read-job (if current-prefix-arg "Run only job" "Run job")) current-prefix-arg))
  (quire-client-with-pipeline
    (apply #'quire--execute "quire.run" :uri (quire-client-uri)
           (append (when job (list :jobs (vector job)))
                   (when (and job only) (list :only t))))))

;;;###autoload
(defun quire-run-all ()
  "Run all that a push would run."
  (interactive)
  (quire-run nil))

;;;###autoload
(defun quire-rerun ()
  "Run again what was run last in this repository, here or elsewhere."
  (interactive)
  (quire-client-with-pipeline
    (quire--execute "quire.rerunLast" :uri (quire-client-uri))))

;;;###autoload
(defun quire-dry-run (job)
  "Show which commands a run of JOB, or of everything, would execute."
  (interactive (list (quire--read-job "Commands of job")))
  (quire-client-with-pipeline
    (apply #'quire--execute "quire.dryRun" :uri (quire-client-uri)
           (when job (list :jobs (vector job))))))

;;;###autoload
(defun quire-cancel ()
  "Cancel the run of this buffer, or all of this repository.
Cancelled once more, a run is killed: its commands get no time to
clean up."
  (interactive)
  (let ((run (quire-run-of-buffer)))
    (quire-client-with-pipeline
      (if run
          (quire--execute "quire.cancel" :runId run)
        (quire--execute "quire.cancel" :uri (quire-client-uri))))))

;;;###autoload
(defun quire-log (job)
  "Show what JOB wrote the last time.
When JOB is nil, show the log of the last run: of the job that failed,
or else of the last one."
  (interactive (list (quire--read-job "Log of job")))
  (quire-client-with-pipeline
    (apply #'quire--execute "quire.showLog" :uri (quire-client-uri)
           (when job (list :job job)))))

;;;###autoload
(defun quire-graph ()
  "Show which job needs which, and how they went the last time.
In the graph, RET goes to a job."
  (interactive)
  (quire-client-with-pipeline
    (let ((pipeline (current-buffer)))
      (quire--execute "quire.graph" :uri (quire-client-uri) :format "text" :quiet t
                      :then (lambda (graph) (quire-show-graph pipeline (quire-get graph :text)))))))

;;;###autoload
(defun quire-act ()
  "Choose from what the lenses of the job around point do, and do it."
  (interactive)
  (quire-client-ensure)
  (let* ((commands (mapcar (lambda (c) (cons (quire-get c :title) c)) (quire--actions (point) (point))))
         (title (completing-read "Do: " (lambda (text filter action)
                                          (if (eq action 'metadata)
                                              '(metadata (display-sort-function . identity))
                                            (complete-with-action action commands text filter)))
                                 nil t nil nil (caar commands)))
         (command (cdr (assoc title commands))))
    (when command
      (quire-client-execute (quire-get command :command) (quire-get command :arguments)))))

;;;###autoload (autoload 'quire-menu "quire" nil t)
(transient-define-prefix quire-menu ()
  "What can be done with the pipeline of this repository."
  [["Run"
    ("r" "a job" quire-run)
    ("a" "all jobs" quire-run-all)
    ("l" "the last again" quire-rerun)
    ("." "what the lens here does" quire-act)]
   ["Under way"
    ("k" "cancel" quire-cancel)
    ("b" "show the run" quire-run-pop-to-buffer)]
   ["Look at"
    ("o" "a log" quire-log)
    ("g" "the graph" quire-graph)
    ("d" "what a run would execute" quire-dry-run)]])

(defvar quire-command-map
  (let ((map (make-sparse-keymap)))
    (define-key map "," #'quire-menu)
    (define-key map "r" #'quire-run)
    (define-key map "a" #'quire-run-all)
    (define-key map "l" #'quire-rerun)
    (define-key map "." #'quire-act)
    (define-key map "k" #'quire-cancel)
    (define-key map "b" #'quire-run-pop-to-buffer)
    (define-key map "o" #'quire-log)
    (define-key map "g" #'quire-graph)
    (define-key map "d" #'quire-dry-run)
    map)
  "Keys of the commands, after the prefix of `quire-mode'.")

(defvar quire-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c ,") quire-command-map)
    map)
  "Keymap of `quire-mode'.")

;;;###autoload
(define-minor-mode quire-mode
  "Run jobs from a buffer that quire-lsp looks after.
It is on by itself in the buffers that Eglot or lsp-mode manage with
quire-lsp.

\\{quire-mode-map}"
  :lighter (:eval (quire-run-lighter)))

;;; Registration

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.fnl\\'" . quire-fennel-mode) t)

;;;###autoload
(with-eval-after-load 'eglot (require 'quire-eglot))

;;;###autoload
(with-eval-after-load 'lsp-mode (require 'quire-lsp-mode))

(provide 'quire)
;;; quire.el ends here
